package rotation_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
)

const admin = "0193f9b0-0000-7000-8000-000000000001"

func parse(t *testing.T, in api.PutRotation) rotation.Config {
	t.Helper()
	c, err := rotation.ParseConfig(in)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWhatIsStoredIsInOneForm: and means what was asked for.
func TestWhatIsStoredIsInOneForm(t *testing.T) {
	cases := map[string]struct{ in, want api.PutRotation }{
		"nothing said": {api.PutRotation{Rotator: "random"}, api.PutRotation{Rotator: "random", Settings: json.RawMessage(`{}`)}},
		"an order of its own": {
			api.PutRotation{Rotator: "random", Every: " 30d", Settings: json.RawMessage(` { "field":"b" , "length": 40}`)},
			api.PutRotation{Rotator: "random", Every: "30d", Settings: json.RawMessage(`{"field":"b","length":40}`)},
		},
		"durations": {
			api.PutRotation{Rotator: "random", Every: "720h", Window: "0120m"},
			api.PutRotation{Rotator: "random", Every: "30d", Window: "2h", Settings: json.RawMessage(`{}`)},
		},
		"cron": {
			api.PutRotation{Rotator: "random", Every: " 0  3 1 * * "},
			api.PutRotation{Rotator: "random", Every: "0 3 1 * *", Settings: json.RawMessage(`{}`)},
		},
		"defaults of readers": {
			api.PutRotation{
				Rotator: "iam-access-key", Settings: json.RawMessage(`{"userName":"ci"}`),
				Readers: &api.RotationReaders{Within: "720h", Deadline: "7d"},
			},
			api.PutRotation{Rotator: "iam-access-key", Settings: json.RawMessage(`{"userName":"ci"}`)},
		},
		"another deadline": {
			api.PutRotation{
				Rotator: "iam-access-key", Settings: json.RawMessage(`{"userName":"ci"}`),
				Readers: &api.RotationReaders{Within: "30d", Deadline: "2w", Grace: "90s"},
			},
			api.PutRotation{
				Rotator: "iam-access-key", Settings: json.RawMessage(`{"userName":"ci"}`),
				Readers: &api.RotationReaders{Deadline: "14d", Grace: "90s"},
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			config := parse(t, c.in)
			got, err := rotation.Normal(c.in, config)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(config, parse(t, got), cmp.AllowUnexported(rotation.Database{})); diff != "" {
				t.Errorf("it means something else (-asked +stored):\n%s", diff)
			}
		})
	}
}

// TestEverySecretThatSettingsNameIsNamedByItsField: of every kind, so that none is read unasked.
func TestEverySecretThatSettingsNameIsNamedByItsField(t *testing.T) {
	settings := map[rotation.Kind]string{
		rotation.PostgreSQL:   `{"host":"db","users":["a","b"],"adminSecretId":"` + admin + `"}`,
		rotation.MySQL:        `{"host":"db","users":["a"],"adminSecretId":"` + admin + `"}`,
		rotation.IAMAccessKey: `{"userName":"ci"}`,
		rotation.Random:       `{}`,
		rotation.HTTP:         `{"url":"https://example.com/","signingSecretId":"` + admin + `"}`,
		rotation.Lambda:       `{"functionArn":"arn:aws:lambda:eu-central-1:111122223333:function:rotate"}`,
	}
	for _, kind := range rotation.Kinds() {
		c := parse(t, api.PutRotation{Rotator: string(kind), Settings: json.RawMessage(settings[kind])})
		var want []rotation.Named
		var given map[string]any
		if err := json.Unmarshal([]byte(settings[kind]), &given); err != nil {
			t.Fatal(err)
		}
		for field, value := range given {
			if value == admin {
				want = append(want, rotation.Named{Field: "settings." + field, ID: uuid.MustParse(admin)})
			}
		}
		if diff := cmp.Diff(want, c.Named()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

// TestWhatNoWorkerHasIsHastened: and it has as many attempts left as before.
func TestWhatNoWorkerHasIsHastened(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	r := rotation.Record{Secret: uuid.New(), Config: parse(t, api.PutRotation{Rotator: "random"})}
	if r.Hasten(now) {
		t.Error("what nobody asked for is hastened")
	}
	lease := api.RotationLease{ID: uuid.New(), Lease: uuid.New()}
	r.Request(lease.ID, rotation.Cause{Kind: api.CauseRequest}, now)
	if r.Hasten(now) || !r.Asked(now) {
		t.Errorf("what is asked for is hastened: %+v", r.Run)
	}
	if err := r.Claim(lease, uuid.New(), 1, now); err != nil {
		t.Fatal(err)
	}
	if r.Hasten(now) || r.Asked(now) {
		t.Errorf("what a worker has is hastened: %+v", r.Run)
	}
	r.Failed("connection refused", false, now)
	later := now.Add(10 * time.Second)
	if !r.Hasten(later) || !r.Asked(later) || r.Run.Attempts != 1 || !r.Run.TryAt.IsZero() || r.Hasten(later) {
		t.Errorf("what is tried again later becomes %+v", r.Run)
	}
}

// TestAWorkerIsAskedForAgainWhenSomebodyAsks: every half minute at most, by workers' clocks, and no longer than workers are waited for.
func TestAWorkerIsAskedForAgainWhenSomebodyAsks(t *testing.T) {
	for _, pace := range []int{0, 1, 60} {
		scale := time.Duration(max(pace, 1))
		asked := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
		r := rotation.Record{Secret: uuid.New(), Config: parse(t, api.PutRotation{Rotator: "random"}), Pace: pace}
		r.Request(uuid.New(), rotation.Cause{Kind: api.CauseRequest}, asked)
		if soon := asked.Add(29 * time.Second * scale); r.Hasten(soon) || r.Asked(soon) {
			t.Errorf("pace %d: asked for again after 29 seconds", pace)
		}
		late := asked.Add(30 * time.Second * scale)
		if !r.Hasten(late) || !r.Asked(late) || !r.Run.AskedSince.Equal(asked) || !r.Due().Equal(late.Add(rotation.AskAgain*scale)) {
			t.Errorf("pace %d: asked for half a minute later, it is %+v", pace, r.Run)
		}
		if r.Hasten(late) {
			t.Errorf("pace %d: asked for twice at once", pace)
		}
		// Whoever asks again and again for ever hides from nobody that no worker comes.
		now := late
		for r.Run.State == api.RotationDue && now.Before(asked.Add(2*rotation.NobodyCame*scale)) {
			now = now.Add(5 * time.Minute * scale)
			r.Hasten(now)
			if !r.Due().After(now) {
				r.Dispatch(uuid.New(), now)
			}
		}
		if r.Run.State != api.RotationFailed {
			t.Errorf("pace %d: at %s it is %s", pace, now, r.Run.State)
		}
	}
}
