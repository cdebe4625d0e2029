package rotationtest_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// patience is how long something may take that a quiet machine does within a second.
const patience = 2 * time.Minute

// A strongroom is a local server whose clock is moved by the test.
type strongroom struct {
	*testing.T
	server *localtest.Server
	clock  *clock
	owner  *client.Client
	// checked counts secrets whose rotation was tried.
	checked int
}

func start(t *testing.T) *strongroom {
	t.Helper()
	c := newClock()
	s := &strongroom{T: t, clock: c, server: localtest.StartWith(t, local.Config{
		Data: t.TempDir(), Clock: c, Redeliver: 20, Window: 10 * time.Millisecond,
	})}
	s.owner = s.as(local.Owner)
	return s
}

// as is the SDK as somebody has it.
func (s *strongroom) as(profile string) *client.Client {
	s.Helper()
	credentials := s.server.Credentials(profile)
	made, err := client.New(client.Config{URL: s.server.URL, AWS: aws.Config{
		Region: local.Region, BaseEndpoint: aws.String(s.server.KMSURL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
	}})
	s.must(err)
	return made
}

func (s *strongroom) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// reader is a service account with an identity of its own, which may read a secret, and the SDK as it has it.
func (s *strongroom) reader(name string, secret uuid.UUID) (uuid.UUID, *client.Client) {
	s.Helper()
	arn := "arn:aws:iam::" + local.Account + ":role/" + name
	s.server.AddIdentity(local.NewIdentity{Profile: name, ARN: arn})
	p, err := s.owner.CreatePrincipal(s.Context(), api.CreatePrincipal{Kind: access.KindServiceAccount, Name: name})
	s.must(err)
	_, err = s.owner.PutIdentities(s.Context(), p.ID, []api.Identity{{ARN: arn}}, "")
	s.must(err)
	grant := api.Grant{Principal: api.GrantPrincipal{ID: p.ID}, Permission: access.Read}
	_, err = s.owner.Grant(s.Context(), client.Resource{Secret: secret}, grant, false)
	s.must(err)
	demo, err := s.owner.Resolve(s.Context(), "demo")
	s.must(err)
	plan, err := s.owner.KeyPlanner().PlanFor(s.Context(), demo, client.Resource{Secret: secret}, p.ID)
	s.must(err)
	s.must(s.owner.Apply(s.Context(), plan, func(_ client.KeyGrant, _ bool, err error) { s.must(err) }))
	return p.ID, s.as(name)
}

// secret makes a secret.
func (s *strongroom) secret(project, name, value string) uuid.UUID {
	s.Helper()
	made, err := s.owner.Create(s.Context(), client.NewSecret{Project: project, Name: name, Value: client.NewValue(value)})
	s.must(err)
	return made.ID
}

// rotated has a secret be rotated so from now on.
func (s *strongroom) rotated(secret uuid.UUID, kind rotation.Kind, settings map[string]any, readers *api.RotationReaders) {
	s.Helper()
	text, err := json.Marshal(settings)
	s.must(err)
	_, err = s.owner.PutRotation(s.Context(), secret, api.PutRotation{Rotator: string(kind), Settings: text, Readers: readers}, "")
	s.must(err)
}

// run asks for a rotation, and answers it when it is in that state.
func (s *strongroom) run(secret uuid.UUID, want api.RotationState) api.RotationRun {
	s.Helper()
	asked, err := s.owner.RotateSecret(s.Context(), secret, api.RotateSecret{})
	s.must(err)
	return s.await(secret, asked.ID, want)
}

// await waits until a rotation is in that state.
func (s *strongroom) await(secret, id uuid.UUID, want api.RotationState) api.RotationRun {
	s.Helper()
	var run api.RotationRun
	s.until("the rotation is "+string(want), func() bool {
		run = s.latest(secret)
		if run.ID != id || run.State == api.RotationFailed || run.Reason != "" {
			s.Fatalf("waiting until rotation %s is %s: it is %+v", id, want, run)
		}
		return run.State == want
	})
	return run
}

func (s *strongroom) latest(secret uuid.UUID) api.RotationRun {
	s.Helper()
	r, err := s.owner.Rotation(s.Context(), secret)
	s.must(err)
	if r.Run == nil {
		s.Fatal("there is no rotation")
	}
	return *r.Run
}

// retired moves the clock on, minute by minute, until the old value is retired.
func (s *strongroom) retired(secret, id uuid.UUID) api.RotationRun {
	s.Helper()
	return s.passing(secret, "the old value is retired", func(run api.RotationRun) bool {
		if run.ID != id || run.State == api.RotationFailed || run.Reason != "" {
			s.Fatalf("waiting until rotation %s is done: it is %+v", id, run)
		}
		return run.State == api.RotationDone
	})
}

// passing waits for the latest rotation to be something, and moves the clock on, minute by minute, while that waits: not while a
// worker has it, whose lease would end.
func (s *strongroom) passing(secret uuid.UUID, what string, is func(api.RotationRun) bool) (run api.RotationRun) {
	s.Helper()
	moved := time.Time{}
	s.until(what, func() bool {
		run = s.latest(secret)
		if is(run) {
			return true
		}
		if run.State == api.RotationWaiting && time.Since(moved) > 50*time.Millisecond {
			s.clock.move(time.Minute)
			moved = time.Now()
		}
		return false
	})
	return run
}

// until waits for something.
func (s *strongroom) until(what string, is func() bool) {
	s.Helper()
	for begun := time.Now(); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > patience {
			log := s.server.Logged()
			s.Fatalf("waited %s until %s; the server logged last:\n%s", patience, what, log[max(0, len(log)-4000):])
		}
	}
}

// events are those of a secret, newest first.
func (s *strongroom) events(secret uuid.UUID) (all []api.Event) {
	s.Helper()
	for e, err := range s.owner.SecretEvents(s.Context(), secret) {
		s.must(err)
		all = append(all, e)
	}
	return all
}

// dispatched moves the clock on, and waits until all rotations were looked at since.
func (s *strongroom) dispatched(d time.Duration) {
	s.Helper()
	const ran = `"operation":"` + string(operation.DispatchRotations) + `"`
	before := strings.Count(s.server.Logged(), ran)
	s.clock.move(d)
	s.until("the dispatcher ran", func() bool { return strings.Count(s.server.Logged(), ran) > before })
}
