package cli

import (
	"errors"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/cmd/strongroom/internal/local"
	rotating "strongroom/pkg/rotation"
)

func TestSettingsOfPairs(t *testing.T) {
	read := func(name string) ([]byte, error) {
		if name == "ca.pem" {
			return []byte("PEM\n"), nil
		}
		return nil, errors.New("no such file")
	}
	for _, c := range []struct {
		pairs []string
		want  string
	}{
		{nil, `{}`},
		{[]string{"host=db.example.com", "port=5432", "keepsOld=true"}, `{"host":"db.example.com","keepsOld":true,"port":5432}`},
		{[]string{"users=a", "users=b"}, `{"users":["a","b"]}`},
		{[]string{"users=app", "password.classes=lower"}, `{"password":{"classes":["lower"]},"users":["app"]}`},
		{[]string{`users=["a"]`}, `{"users":["a"]}`},
		{[]string{"password.length=40", "password.classes=lower", "password.classes=digits"}, `{"password":{"classes":["lower","digits"],"length":40}}`},
		{[]string{"ca=@ca.pem", "exclude=\"0\"", "testQuery=select 1=1", "empty=", "null=null"}, `{"ca":"PEM\n","empty":"","exclude":"0","null":"null","testQuery":"select 1=1"}`},
		{[]string{"length"}, ""},
		{[]string{"=1"}, ""},
		{[]string{"ca=@nowhere"}, ""},
		{[]string{"a=1", "a.b=2"}, ""},
	} {
		got, err := settingsOf(c.pairs, read)
		if (err != nil) != (c.want == "") || string(got) != c.want {
			t.Errorf("%q: %s, %v, want %s", c.pairs, got, err, c.want)
		}
	}
}

// TestListSettingsAreThoseThatHaveLists, of all rotators.
func TestListSettingsAreThoseThatHaveLists(t *testing.T) {
	found := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		for i := range of.NumField() {
			f := of.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Type.Kind() == reflect.Slice && name != "":
				found[name] = true
			case f.Type.Kind() == reflect.Struct:
				walk(f.Type)
			}
		}
	}
	for _, kind := range rotating.Kinds() {
		settings, _ := rotating.ParseSettings(kind, nil) // with what is missing
		walk(reflect.TypeOf(settings).Elem())
	}
	if diff := cmp.Diff(listSettings, slices.Sorted(maps.Keys(found))); diff != "" {
		t.Errorf("(-here +settings):\n%s", diff)
	}
}

// TestExamplesOfSettingsAreRight, with the secrets and files that they name.
func TestExamplesOfSettingsAreRight(t *testing.T) {
	for _, kind := range rotating.Kinds() {
		var pairs []string
		for _, pair := range kind.Manual().Example {
			if key, _, _ := strings.Cut(pair, "="); strings.HasSuffix(key, "SecretId") {
				pair = key + "=" + uuid.Max.String()
			} else if key == "ca" {
				continue
			}
			pairs = append(pairs, pair)
		}
		text, err := settingsOf(pairs, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rotating.ParseSettings(kind, text); err != nil {
			t.Errorf("%s: %s: %v", kind, text, err)
		}
	}
}

func TestTheWorkerIsThatOfTheDeployment(t *testing.T) {
	for url, want := range map[string]string{
		"http://127.0.0.1:8787": "rotation", "http://localhost:8787": "rotation", "http://[::1]:8787": "rotation",
		"https://abc.execute-api.eu-central-1.amazonaws.com": "worker-iam-access-key", "https://localhost.example.com": "worker-iam-access-key",
	} {
		if got := workerOf(url, rotating.IAMAccessKey); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

// TestTheReadmeSaysWhichRotatorsHaveWorkersHere, where nothing of AWS is.
func TestTheReadmeSaysWhichRotatorsHaveWorkersHere(t *testing.T) {
	readme, err := os.ReadFile("../../../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := "for " + listed(local.Rotated(), kindText) + " only:"; !strings.Contains(string(readme), want) {
		t.Errorf("the README does not say %q", want)
	}
}

func TestRotationsInWords(t *testing.T) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		run  api.RotationRun
		want string
	}{
		{api.RotationRun{State: api.RotationDue, Step: api.StepCreate}, "due: a worker is asked for, to create"},
		{api.RotationRun{State: api.RotationDue, Attempts: 1, TryAt: &at}, "failed 1 time, and is tried again at 2026-11-26T12:00:00Z"},
		{api.RotationRun{State: api.RotationRunning, Step: api.StepTest}, "running, at the step test"},
		{
			api.RotationRun{State: api.RotationWaiting, Version: 4, Missing: 2, RetireBy: &at},
			"version 4 is the current one; the old value works until 2 readers have read it, or 2026-11-26T12:00:00Z",
		},
		{
			api.RotationRun{State: api.RotationWaiting, Version: 4, Missing: 1, RetireBy: &at},
			"version 4 is the current one; the old value works until 1 reader has read it, or 2026-11-26T12:00:00Z",
		},
		{
			api.RotationRun{State: api.RotationWaiting, Version: 4, RetireBy: &at},
			"version 4 is the current one, and nobody is waited for any more; the old value works until its grace is over, or 2026-11-26T12:00:00Z",
		},
		{
			api.RotationRun{State: api.RotationWaiting, Version: 4, Missing: 1, Cause: api.CauseLeak, RetireBy: &at},
			"version 4 is the current one; the old value has leaked, and a worker is asked for at once, to retire it",
		},
		{api.RotationRun{State: api.RotationDone, Version: 4}, "done: version 4"},
		{api.RotationRun{State: api.RotationFailed}, "failed"},
		{
			api.RotationRun{State: api.RotationFailed, Step: api.StepRetire, From: 3, Version: 4, TryAt: &at},
			"failed to retire version 3, which may work still; that is tried again at 2026-11-26T12:00:00Z",
		},
	} {
		if got := stateInWords(&c.run); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	reader := api.RotationReader{Kind: access.KindServiceAccount, ID: uuid.Max, Version: 3, Last: at}
	r := api.Rotation{
		Rotator: "mysql", Settings: []byte(`{}`), Readers: &api.RotationReaders{Within: "30d", Deadline: "7d", Grace: "10m"}, LastRotatedAt: &at, LastVersion: 3,
		Run: &api.RotationRun{ID: uuid.Max, State: api.RotationFailed, Cause: api.CauseSchedule, Reason: "no route", Missing: 3, NeverCame: []api.RotationReader{reader}},
	}
	want := [][]string{
		{"rotator", "mysql"}, {"every", "when asked for"}, {"set", "nobody knows by whom"},
		{"readers", "who read an older value in the last 30d are waited for, for 7d at most; when all have come, the old value works 10m more"},
		{"last rotated", "2026-11-26T12:00:00Z, version 3"}, {"rotation", uuid.Max.String()}, {"because", "schedule"}, {"state", "failed"},
		{"reason", "no route"}, {"never came", "service account " + uuid.Max.String() + ", read version 3, last 2026-11-26T12:00:00Z"},
		{"besides", "2 readers more"},
	}
	if diff := cmp.Diff(want, rotationListing(r).rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSettingsAreShownWithoutTheirCertificates(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`: "", ``: "", `{"length":40}`: `{"length":40}`, `{"ca":"","host":"db"}`: `{"ca":"","host":"db"}`,
		`{"ca":"-----BEGIN CERTIFICATE-----\nMII\n","host":"db"}`: `{"ca":"(PEM, 32 bytes)","host":"db"}`,
	} {
		if got := settingsInWords([]byte(settings)); got != want {
			t.Errorf("%s is shown as %s, want %s", settings, got, want)
		}
	}
}

func TestWhoSetARotationInWords(t *testing.T) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	by := func(name string, left api.Departure) *api.RotationSetter {
		return &api.RotationSetter{Actor: api.Actor{Kind: access.KindUser, ID: uuid.Max, Name: name}, Left: left}
	}
	const look = ": look at where its values go, and set it again"
	for _, c := range []struct {
		by            *api.RotationSetter
		shown, listed string
	}{
		{nil, "nobody knows by whom", ""},
		{by("ann", ""), "2026-11-26T12:00:00Z, by ann", "ann"},
		{by("ann", api.LeftDisabled), "2026-11-26T12:00:00Z, by ann, who left" + look, "ann, who left"},
		{by("ann", api.LeftDeleted), "2026-11-26T12:00:00Z, by ann, who left" + look, "ann, who left"},
		{by("", api.LeftDeleted), "2026-11-26T12:00:00Z, by " + uuid.Max.String() + ", who left" + look, uuid.Max.String() + ", who left"},
	} {
		if got := setterInWords(c.by, &at); got != c.shown {
			t.Errorf("%q, want %q", got, c.shown)
		}
		if got := setter(c.by); got != c.listed {
			t.Errorf("%q, want %q", got, c.listed)
		}
	}
	for want, of := range map[string]api.LeaverEntry{
		"read": {Read: true, Set: true}, "could be": {Reachable: true, Set: true}, "no": {Set: true},
	} {
		if got := knownInWords(&of); got != want {
			t.Errorf("%+v is %q, want %q", of, got, want)
		}
	}
}

// TestARotationThatAnotherFollowedEndedAsItsEventsSay, whoever looked too late.
func TestARotationThatAnotherFollowedEndedAsItsEventsSay(t *testing.T) {
	id, other := uuid.New(), uuid.New()
	promoted := func(rotation *uuid.UUID, decision string) api.Event {
		return api.Event{Action: "promote-version", Decision: decision, RotationID: rotation, Values: []api.EventValue{{Version: 5}}}
	}
	for name, c := range map[string]struct {
		events []api.Event
		done   bool
	}{
		"it was promoted":         {[]api.Event{{Action: "claim-rotation", RotationID: &other}, {Action: "update-secret"}, promoted(&id, "allowed")}, true},
		"another was":             {[]api.Event{promoted(&other, "allowed"), {Action: "discard-pending-version", RotationID: &id, Decision: "allowed"}}, false},
		"that was denied":         {[]api.Event{promoted(&id, "denied")}, false},
		"none of its events came": {nil, false},
	} {
		var said strings.Builder
		m := &Main{Stderr: &said}
		run, err := m.overtaken("demo/TOKEN", api.RotationRun{ID: id, State: api.RotationRunning}, func(yield func(api.Event, error) bool) {
			for _, e := range c.events {
				if !yield(e, nil) {
					return
				}
			}
		})
		if c.done != (err == nil) || c.done && (run.State != api.RotationDone || said.String() != "strongroom: demo/TOKEN: done: version 5; another rotation follows\n") {
			t.Errorf("%s: %+v, %v, said %q", name, run, err, said.String())
		}
	}
}
