package access_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// crowded is a request by a user in 50 groups to read a secret in two projects, with 1,000 grants on each of the
// three. The only one for the user goes to the last of the groups, on the second project.
func crowded(tb testing.TB) access.Request {
	tb.Helper()
	rnd := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // must be repeatable
	user := access.Principal{ID: randomID(rnd), Kind: access.KindUser, Role: access.RoleMember}
	for range 50 {
		user.Groups = append(user.Groups, randomID(rnd))
	}
	crowd := func(more ...access.Grant) access.Grants {
		for len(more) < 1000 {
			more = append(more, access.Grant{Principal: randomID(rnd), Permission: access.Read})
		}
		return mustGrants(tb, more...)
	}
	secret := access.Secret{ID: uuid.New(), Live: true, Grants: crowd(), Projects: []access.Project{
		{ID: uuid.New(), Live: true, Grants: crowd()},
		{ID: uuid.New(), Live: true, Grants: crowd(access.Grant{Principal: user.Groups[49], Permission: access.Write})},
	}}
	return access.Request{Principal: user, Action: access.ReadSecret, Secret: &secret, Now: theNow}
}

func BenchmarkEvaluateReadSecret(b *testing.B) {
	r := crowded(b)
	b.ReportAllocs()
	for b.Loop() {
		if !access.Evaluate(r).Allowed {
			b.Fatal("refused")
		}
	}
}

func BenchmarkUnpack1000Grants(b *testing.B) {
	packed, err := crowded(b).Secret.Grants.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var list access.Grants
		if err := list.UnmarshalBinary(packed); err != nil {
			b.Fatal(err)
		}
	}
}

func TestEvaluateAllocatesLittle(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	r := crowded(t)
	if got := testing.AllocsPerRun(100, func() { access.Evaluate(r) }); got > 2 {
		t.Errorf("a decision allocates %v times, want at most 2", got)
	}
}
