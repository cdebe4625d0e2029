package secrets

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
	"strongroom/pkg/table"
)

// SetRotation has a secret rotated so, put into the table as the operations put it.
func SetRotation(t testing.TB, s *Service, secret uuid.UUID, in api.PutRotation) {
	t.Helper()
	config, err := rotation.ParseConfig(in)
	if err != nil {
		t.Fatal(err)
	}
	moveRotation(t, s, secret, func(r *rotationSight) {
		r.rotation.ask(in)
		r.state = &rotation.Record{Secret: secret}
		r.state.Set(config, (&request{Service: s}).now())
	})
}

// MoveRotation changes the state of a secret's rotation.
func MoveRotation(t testing.TB, s *Service, secret uuid.UUID, move func(*rotation.Record)) {
	t.Helper()
	moveRotation(t, s, secret, func(r *rotationSight) { move(r.state) })
}

// SetPublicID says what the secret's current value, which a rotation made, is known by outside.
func SetPublicID(t testing.TB, s *Service, secret uuid.UUID, id string) {
	t.Helper()
	moveRotation(t, s, secret, func(r *rotationSight) { r.rotation.PublicID, r.state.LastVersion = id, r.rec.Version })
}

// SpoilRotation has the stored settings of a secret's rotation be none that this version takes.
func SpoilRotation(t testing.TB, s *Service, secret uuid.UUID) {
	t.Helper()
	moveRotation(t, s, secret, func(r *rotationSight) { r.rotation.Settings = []byte(`{"ofAnotherVersion":1}`) })
}

func moveRotation(t testing.TB, s *Service, secret uuid.UUID, move func(*rotationSight)) {
	t.Helper()
	q := s.testing()
	v, err := q.lookRotation(t.Context(), secret)
	if err != nil || v.wrong != nil {
		t.Fatal(err, v.wrong)
	}
	move(&v)
	p := q.planRotation(&v)
	if err := s.table.Transact(t.Context(), table.Transaction{Writes: p.writes}); err != nil {
		t.Fatal(err)
	}
}

// RotationOf is the rotation of a secret as it is stored; nil where none is set.
func RotationOf(t testing.TB, s *Service, secret uuid.UUID) *rotation.Record {
	t.Helper()
	v, err := s.testing().lookRotation(context.Background(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return v.state
}

// testing is a request that may do what no operation may.
func (s *Service) testing() *request {
	q := s.beginSystem(operation.DispatchRotations, "a test")
	q.table = reads{s.table}
	return q
}

// SeedRotations makes so many secrets, with nothing but what a rotation needs of them.
func SeedRotations(t testing.TB, s *Service, n int, in api.PutRotation) []uuid.UUID {
	t.Helper()
	config, err := rotation.ParseConfig(in)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]uuid.UUID, n)
	var writes []table.Write
	q := s.testing()
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
		r := rotationSight{state: &rotation.Record{Secret: ids[i]}}
		r.id, r.rec.Name, r.rec.Version = ids[i], "SECRET", 1
		r.rotation.ask(in)
		r.state.Set(config, q.now())
		p := q.planRotation(&r)
		writes = append(append(writes, p.writes...), table.Put(toItem(secretKey(ids[i]), 1, &r.rec), table.Unconditional()))
		if len(writes) >= 90 || i == n-1 {
			if err := s.table.Transact(t.Context(), table.Transaction{Writes: writes}); err != nil {
				t.Fatal(err)
			}
			writes = nil
		}
	}
	return ids
}

// Leavings counts the departures about which something is left to be done.
func Leavings(t testing.TB, s *Service) int {
	t.Helper()
	page, err := s.table.Query(context.Background(), table.Query{PK: organizationPK(s.organization), Prefix: sweepPrefix + onLeaver + "#"})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Items)
}

// Token is a continuation token of a list.
func Token(list string, parts ...string) string { return token{list, parts}.String() }
