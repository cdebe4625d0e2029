package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/app/workers"
	"strongroom/pkg/client"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/worker"
)

// A rotated is a secret with a rotation by the rotator random, which was asked for.
type rotated struct {
	*client.Client
	name   string
	secret client.Secret
	run    api.RotationRun
}

func rotate(t *testing.T, c *client.Client, project string) rotated {
	t.Helper()
	name := project + "/ROTATED"
	s, err := c.Set(t.Context(), name, client.NewValue("the first value"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutRotation(t.Context(), s.ID, api.PutRotation{Rotator: string(rotation.Random)}, ""); err != nil {
		t.Fatal(err)
	}
	run, err := c.RotateSecret(t.Context(), s.ID, api.RotateSecret{})
	if err != nil || run.State != api.RotationDue {
		t.Fatalf("%+v, %v", run, err)
	}
	return rotated{c, name, s, run}
}

// inBoth runs a test in a project whose values clients encrypt, and in one whose the server does.
func inBoth(t *testing.T, test func(t *testing.T, c *client.Client, project string)) {
	t.Helper()
	t.Run("client", func(t *testing.T) { c := real(t, "owner"); test(t, c, fresh(t, c, "rotation")) })
	t.Run("server", func(t *testing.T) { c := real(t, "owner"); test(t, c, freshServer(t, c, "rotation")) })
}

func TestARotationIsSetShownAndRemoved(t *testing.T) {
	c := real(t, "owner")
	r := rotate(t, c, fresh(t, c, "rotation"))
	again, err := c.RotateSecret(t.Context(), r.secret.ID, api.RotateSecret{})
	if err != nil || again.ID != r.run.ID {
		t.Errorf("asked again, it is %+v, %v", again, err)
	}
	shown, err := c.Rotation(t.Context(), r.secret.ID)
	if err != nil || shown.Rotator != "random" || shown.Run == nil || shown.Run.ID != r.run.ID {
		t.Errorf("shows %+v, %v", shown, err)
	}
	if _, err := c.PutRotation(t.Context(), r.secret.ID, api.PutRotation{Rotator: "random", Every: "30d"}, `"other"`); !errors.Is(err, client.ErrPreconditionFailed) {
		t.Errorf("under another ETag it is set: %v", err)
	}
	lease := api.RotationLease{ID: r.run.ID, Lease: uuid.New()}
	if _, err := c.ClaimRotation(t.Context(), r.secret.ID, api.ClaimRotation{RotationLease: lease}); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteRotation(t.Context(), r.secret.ID, false); !errors.Is(err, client.ErrConflict) {
		t.Errorf("removed while it goes on: %v", err)
	}
	if err := c.DeleteRotation(t.Context(), r.secret.ID, true); err != nil {
		t.Error(err)
	}
	if _, err := c.Rotation(t.Context(), r.secret.ID); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("shows one that was removed: %v", err)
	}
}

func TestAPendingVersionComesToNobodyUnasked(t *testing.T) {
	inBoth(t, func(t *testing.T, c *client.Client, project string) {
		r := rotate(t, c, project)
		lease := api.RotationLease{ID: r.run.ID, Lease: uuid.New()}
		task, err := c.ClaimRotation(t.Context(), r.secret.ID, api.ClaimRotation{RotationLease: lease})
		if err != nil || task.Run.From != 1 || task.Rotator != "random" {
			t.Fatalf("%+v, %v", task, err)
		}
		if _, err := c.ClaimRotation(t.Context(), r.secret.ID, api.ClaimRotation{RotationLease: api.RotationLease{ID: r.run.ID, Lease: uuid.New()}}); !errors.Is(err, client.ErrConflict) {
			t.Errorf("claimed twice: %v", err)
		}
		pending := client.PendingVersion{RotationLease: lease, Base: 1, Value: client.NewValue("the second value")}
		stored, err := c.PutPendingVersion(t.Context(), r.secret.ID, pending)
		if err != nil || stored.Stage != api.StagePending {
			t.Fatalf("%+v, %v", stored, err)
		}
		s, err := c.Get(t.Context(), r.name)
		if err != nil || s.Value.Reveal() != "the first value" {
			t.Fatalf("the current value is %q, %v", s.Value.Reveal(), err)
		}
		v, err := c.Version(t.Context(), s, stored.Version)
		if err != nil || v.Value.Reveal() != "the second value" || v.Stage != api.StagePending {
			t.Fatalf("the pending value is %q, %v", v.Value.Reveal(), err)
		}
		if promoted, err := c.PromoteVersion(t.Context(), r.secret.ID, api.PromoteVersion{RotationLease: lease, Version: stored.Version}); err != nil || promoted.Version != stored.Version {
			t.Fatalf("%+v, %v", promoted, err)
		}
		if s, err = c.Get(t.Context(), r.name); err != nil || s.Value.Reveal() != "the second value" {
			t.Errorf("the current value is %q, %v", s.Value.Reveal(), err)
		}
	})
}

func TestAPendingVersionIsDiscarded(t *testing.T) {
	c := real(t, "owner")
	r := rotate(t, c, fresh(t, c, "rotation"))
	lease := api.RotationLease{ID: r.run.ID, Lease: uuid.New()}
	if _, err := c.ClaimRotation(t.Context(), r.secret.ID, api.ClaimRotation{RotationLease: lease}); err != nil {
		t.Fatal(err)
	}
	stored, err := c.PutPendingVersion(t.Context(), r.secret.ID, client.PendingVersion{RotationLease: lease, Base: 1, Value: client.NewValue("x")})
	if err != nil {
		t.Fatal(err)
	}
	run, err := c.DiscardPendingVersion(t.Context(), r.secret.ID, api.DiscardPendingVersion{RotationLease: lease, Reason: "no luck"})
	if err != nil || run.State != api.RotationFailed || run.Reason != "no luck" {
		t.Errorf("%+v, %v", run, err)
	}
	if _, err := c.Version(t.Context(), r.secret, stored.Version); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("it is there: %v", err)
	}
}

func TestAFailedAttemptIsReported(t *testing.T) {
	c := real(t, "owner")
	r := rotate(t, c, fresh(t, c, "rotation"))
	lease := api.RotationLease{ID: r.run.ID, Lease: uuid.New()}
	if _, err := c.ClaimRotation(t.Context(), r.secret.ID, api.ClaimRotation{RotationLease: lease}); err != nil {
		t.Fatal(err)
	}
	run, err := c.ReportRotation(t.Context(), r.secret.ID, api.ReportRotation{RotationLease: lease, Outcome: api.OutcomeRetry, Reason: "no luck"})
	if err != nil || run.State != api.RotationDue || run.TryAt == nil {
		t.Errorf("%+v, %v", run, err)
	}
}

// template is a rotator of random values that does something to the secret between its steps.
type template struct {
	value string
	test  func(ctx context.Context)
}

func (r template) Create(context.Context, *rotators.Task) (rotators.Created, error) {
	return rotators.Created{Value: r.value}, nil
}
func (template) Set(context.Context, *rotators.Task) error { return nil }
func (r template) Test(ctx context.Context, _ *rotators.Task) error {
	r.test(ctx)
	return nil
}
func (template) Undo(context.Context, *rotators.Task) error   { return nil }
func (template) Retire(context.Context, *rotators.Task) error { return nil }
func (template) Check(context.Context, *rotators.Task) error  { return nil }

// TestAWorkerIsAClient: a worker does a rotation through the SDK, while nothing happens, while the secret gets another name, another
// project, and another value.
func TestAWorkerIsAClient(t *testing.T) {
	inBoth(t, func(t *testing.T, c *client.Client, project string) {
		for name, scene := range map[string]struct {
			meanwhile func(ctx context.Context, r rotated)
			outcome   worker.Outcome
			value     string
		}{
			"nothing else": {func(context.Context, rotated) {}, worker.Rotated, "the second value"},
			"another name": {func(ctx context.Context, r rotated) {
				other := "RENAMED " + uuid.NewString()
				if _, err := c.Update(ctx, r.name, client.Change{Name: &other}); err != nil {
					t.Error(err)
				}
			}, worker.Rotated, "the second value"},
			"another project": {func(ctx context.Context, r rotated) {
				if _, err := c.Update(ctx, r.name, client.Change{Add: []string{project}}); err != nil {
					t.Error(err)
				}
			}, worker.Rotated, "the second value"},
			"another value": {func(ctx context.Context, r rotated) {
				if _, err := c.Set(ctx, r.name, client.NewValue("by hand")); err != nil {
					t.Error(err)
				}
			}, worker.Discarded, "by hand"},
		} {
			t.Run(name, func(t *testing.T) {
				r := rotate(t, c, create(t, c, "worker", encryptionOf(t, c, project)))
				w := worker.Worker{Kind: rotation.Random, Server: workers.Server{Client: real(t, "owner")}, Rotator: template{
					"the second value", func(ctx context.Context) { scene.meanwhile(ctx, r) },
				}}
				outcome, err := w.Rotate(t.Context(), r.secret.ID, r.run.ID)
				if outcome != scene.outcome || err != nil {
					shown, _ := c.Rotation(t.Context(), r.secret.ID)
					t.Fatalf("it ended with %s, %v: %+v", outcome, err, shown.Run)
				}
				s, err := c.Get(t.Context(), r.secret.ID.String())
				if err != nil || s.Value.Reveal() != scene.value {
					t.Errorf("the value is %q, %v", s.Value.Reveal(), err)
				}
				if outcome, err := w.Rotate(t.Context(), r.secret.ID, r.run.ID); outcome != worker.Refused || err != nil {
					t.Errorf("a message that comes again ends with %s, %v", outcome, err)
				}
				if outcome, err := w.Rotate(t.Context(), uuid.New(), r.run.ID); outcome != worker.Refused || err != nil {
					t.Errorf("one of a secret that is not there ends with %s, %v", outcome, err)
				}
			})
		}
	})
}

// told is a rotator that counts what it is told.
type told struct {
	template
	calls *int
}

func (r told) Create(ctx context.Context, t *rotators.Task) (rotators.Created, error) {
	*r.calls++
	return r.template.Create(ctx, t)
}

func (r told) Undo(context.Context, *rotators.Task) error {
	*r.calls++
	return nil
}

// TestATargetThatIsNotListedIsToldNoValueThatClientsEncrypt, and one that the server encrypts it is told.
func TestATargetThatIsNotListedIsToldNoValueThatClientsEncrypt(t *testing.T) {
	inBoth(t, func(t *testing.T, c *client.Client, project string) {
		sealed := encryptionOf(t, c, project) == api.EncryptionClient
		for list, may := range map[string]bool{"": !sealed, "other.example.com": !sealed, "rotate.example.com:443": true, "*": true} {
			r := rotate(t, c, create(t, c, "listed", encryptionOf(t, c, project)))
			key, err := c.Set(t.Context(), strings.TrimSuffix(r.name, "ROTATED")+"KEY", client.NewValue("a key"))
			if err != nil {
				t.Fatal(err)
			}
			settings := `{"url": "https://rotate.example.com", "signingSecretId": "` + key.ID.String() + `"}`
			if err := c.DeleteRotation(t.Context(), r.secret.ID, true); err != nil {
				t.Fatal(err)
			}
			if _, err := c.PutRotation(t.Context(), r.secret.ID, api.PutRotation{Rotator: "http", Settings: []byte(settings)}, ""); err != nil {
				t.Fatal(err)
			}
			run, err := c.RotateSecret(t.Context(), r.secret.ID, api.RotateSecret{})
			if err != nil {
				t.Fatal(err)
			}
			targets, err := rotation.ParseTargets(list)
			if err != nil {
				t.Fatal(err)
			}
			calls := 0
			w := worker.Worker{Kind: rotation.HTTP, Server: workers.Server{Client: real(t, "owner")}, Targets: targets, Rotator: told{
				template{"the second value", func(context.Context) {}}, &calls,
			}}
			outcome, err := w.Rotate(t.Context(), r.secret.ID, run.ID)
			want, count := worker.Discarded, 0
			if may {
				want, count = worker.Rotated, 1
			}
			if outcome != want || err != nil || calls != count {
				t.Errorf("with the list %q it ended with %s after %d calls, %v; want %s after %d", list, outcome, calls, err, want, count)
			}
			shown, err := c.Rotation(t.Context(), r.secret.ID)
			if err != nil || strings.Contains(shown.Run.Reason, "rotate.example.com:443 is not among") == may {
				t.Errorf("with the list %q the reason is %q, %v", list, shown.Run.Reason, err)
			}
		}
	})
}

// TestWhatClientsEncryptIsNotOpenedUnasked nor made.
func TestWhatClientsEncryptIsNotOpenedUnasked(t *testing.T) {
	inBoth(t, func(t *testing.T, c *client.Client, project string) {
		r := rotate(t, c, project)
		sealed := encryptionOf(t, c, project) == api.EncryptionClient
		got, err := c.GetClear(t.Context(), r.name)
		if errors.Is(err, client.ErrClientEncrypted) != sealed || (err == nil) == sealed || (got.Value.Reveal() == "the first value") == sealed {
			t.Errorf("reads %q, %v", got.Value.Reveal(), err)
		}
		lease := api.RotationLease{ID: r.run.ID, Lease: uuid.New()}
		if _, err := c.ClaimRotation(t.Context(), r.secret.ID, api.ClaimRotation{RotationLease: lease}); err != nil {
			t.Fatal(err)
		}
		_, err = c.PutPendingVersion(t.Context(), r.secret.ID, client.PendingVersion{
			RotationLease: lease, Base: 1, Value: client.NewValue("x"), Clear: true,
		})
		if errors.Is(err, client.ErrClientEncrypted) != sealed || (err == nil) == sealed {
			t.Errorf("stores one: %v", err)
		}
	})
	c := real(t, "owner")
	if _, err := c.GetClear(t.Context(), "no reference"); err == nil {
		t.Error("what names no secret is read")
	}
}

// encryptionOf is a project's encryption.
func encryptionOf(t *testing.T, c *client.Client, project string) api.Encryption {
	t.Helper()
	p, err := c.Resolve(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	return p.Encryption
}

// TestRotationsAreListed by all, by what is to be done now, and by what somebody knows.
func TestRotationsAreListed(t *testing.T) {
	c := real(t, "owner")
	r := rotate(t, c, fresh(t, c, "rotation"))
	me, err := c.Whoami(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	has := func(f client.RotationFilter) *api.RotationEntry {
		for e, err := range c.Rotations(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Secret.ID == r.secret.ID {
				return &e
			}
		}
		return nil
	}
	if e := has(client.RotationFilter{}); e == nil || e.Rotator != "random" || e.Leaver != nil {
		t.Errorf("among all it is %+v", e)
	}
	if e := has(client.RotationFilter{Due: true}); e != nil {
		t.Errorf("a worker is asked for, and yet it is among what is to be done now: %+v", e)
	}
	if e := has(client.RotationFilter{Leaver: me.Principal.ID}); e == nil || e.Leaver == nil {
		t.Errorf("of who may read it, it is %+v", e)
	}
}
