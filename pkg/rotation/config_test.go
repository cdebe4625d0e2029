package rotation

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
)

const twoUsers = `{"host": "db", "users": ["a", "b"], "adminSecretId": "` + someID + `"}`

func TestAConfigIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		in       api.PutRotation
		schedule Schedule
		readers  Readers
		secrets  []uuid.UUID
	}{
		"nothing said": {
			api.PutRotation{Rotator: "random"}, Schedule{}, Readers{DefaultWithin, DefaultDeadline, DefaultGrace}, nil,
		},
		"all of it": {
			api.PutRotation{
				Every: "30d", Window: "2h", Rotator: "postgresql", Settings: json.RawMessage(twoUsers),
				Readers: &api.RotationReaders{Within: "60d", Deadline: "2d", Grace: "0s"},
			},
			Schedule{Every: 30 * day, Window: 2 * time.Hour}, Readers{60 * day, 2 * day, 0}, []uuid.UUID{uuid.MustParse(someID)},
		},
		"part of it": {
			api.PutRotation{Every: "0 3 1 * *", Rotator: "iam-access-key", Settings: json.RawMessage(`{"userName": "app"}`), Readers: &api.RotationReaders{Deadline: "0d"}},
			Schedule{Cron: "0 3 1 * *"}, Readers{DefaultWithin, 0, DefaultGrace}, nil,
		},
	} {
		got, err := ParseConfig(c.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.schedule, got.Schedule); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(c.readers, got.Readers); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(c.secrets, got.Secrets()); diff != "" || string(got.Kind) != c.in.Rotator {
			t.Errorf("%s, %s: %s", name, got.Kind, diff)
		}
	}
}

func TestAllThatIsWrongWithAConfigIsSaid(t *testing.T) {
	in := api.PutRotation{
		Every: "1m", Rotator: "postgresql", Settings: json.RawMessage(`{"host": "db", "users": ["a"], "port": 0}`),
		Readers: &api.RotationReaders{Within: "401d", Deadline: "91d", Grace: "8d"},
	}
	_, err := ParseConfig(in)
	var got ConfigError
	if !errors.As(err, &got) {
		t.Fatal(err)
	}
	want := ConfigError{
		{"every", `is "1m"; it must be from 1h to 1095d`},
		{"readers.within", `is "401d"; it must be from 0s to 400d`},
		{"readers.deadline", `is "91d"; it must be from 0s to 90d`},
		{"readers.grace", `is "8d"; it must be from 0s to 7d`},
		{"settings.port", "is 0; it must be from 1 to 65535"},
		{"readers", "is about an old value that goes on working, and with these settings none does"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err = ParseConfig(api.PutRotation{Rotator: "oracle", Readers: &api.RotationReaders{Within: "x"}})
	const text = `readers.within must be a whole number and one of the units w, d, h, m and s, as in "30d" or "12h"; ` +
		`rotator must be one of postgresql, mysql, iam-access-key, random, http, lambda`
	if err == nil || err.Error() != text {
		t.Errorf("%v; want %s", err, text)
	}
}

func TestEachKindOfRotatorIsARowOfItsOwn(t *testing.T) {
	seen := map[Kind]bool{}
	for _, kind := range Kinds() {
		row, ok := kind.Lookup()
		if !ok || row.Kind != kind || row.Summary == "" || seen[kind] {
			t.Errorf("%s: %v, %t", kind, row, ok)
		}
		seen[kind] = true
	}
	if _, ok := Kind("oracle").Lookup(); ok {
		t.Error("oracle is a kind")
	}
}
