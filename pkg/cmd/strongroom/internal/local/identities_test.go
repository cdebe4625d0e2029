package local

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"strongroom/pkg/gateway"
)

func TestIdentitiesAddedAtTheSameTimeAreAllThereOnce(t *testing.T) {
	folder := t.TempDir()
	if _, err := openIdentities(folder); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			profile := fmt.Sprintf("caller-%d", i%8)
			if _, err := AddIdentity(folder, NewIdentity{Profile: profile, ARN: "arn:aws:iam::" + Account + ":user/" + profile}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	known, err := Profiles(folder)
	if err != nil {
		t.Fatal(err)
	}
	if want := len(firstProfiles) + 8; len(known) != want || len(slices.Compact(known)) != want {
		t.Errorf("there are %d profiles, want %d, each once: %s", len(known), want, strings.Join(known, " "))
	}
	for _, name := range known {
		if c, err := Credentials(folder, name); err != nil || c.AccessKeyID == "" {
			t.Errorf("%s has the access key %q, error %v", name, c.AccessKeyID, err)
		}
	}
}

func TestFirstProfilesAreCallersAndStrangersAreBoundToNobody(t *testing.T) {
	for _, p := range firstProfiles {
		made, err := NewIdentity{Profile: p.name, ARN: p.signs}.identity()
		if err != nil {
			t.Fatal(err)
		}
		caller, err := callerOf(made)
		if err != nil {
			t.Fatal(err)
		}
		if bound := p.bind != "" && slices.Contains(caller.Keys, p.bind); bound != (p.name != Stranger) {
			t.Errorf("%s is looked up by %v; its binding is %q", p.name, caller.Keys, p.bind)
		}
	}
}

func TestAnIdentityThatWasAddedWithoutItsCredentialsGetsThem(t *testing.T) {
	folder := t.TempDir()
	identities, err := openIdentities(folder)
	if err != nil {
		t.Fatal(err)
	}
	in := NewIdentity{Profile: "half", ARN: "arn:aws:iam::" + Account + ":user/half"}
	made, err := in.identity()
	if err != nil {
		t.Fatal(err)
	}
	if err := identities.Add(made); err != nil { // and the process was killed
		t.Fatal(err)
	}
	again, err := AddIdentity(folder, in)
	if err != nil {
		t.Fatal(err)
	}
	if again != made {
		t.Errorf("the same again is another identity: %s, was %s", again.AccessKeyID, made.AccessKeyID)
	}
	if exports, err := Exports(folder, "", "half", func(string) string { return "" }); err != nil || !strings.Contains(exports, "AWS_PROFILE=half\n") {
		t.Errorf("exports %q, error %v", exports, err)
	}
	reread, err := gateway.OpenIdentities(filepath.Join(folder, identitiesFile))
	if err != nil {
		t.Fatal(err)
	}
	if all, err := reread.All(); err != nil || len(all) != len(firstProfiles)+1 {
		t.Errorf("there are %d identities, error %v", len(all), err)
	}
}

func TestWordsForTheShell(t *testing.T) {
	for word, want := range map[string]string{
		"/home/a/.strongroom/credentials": "/home/a/.strongroom/credentials",
		"":                                "''",
		"a b":                             "'a b'",
		"it's":                            `'it'\''s'`,
		"$(touch x)":                      "'$(touch x)'",
		"a\nb":                            "'a\nb'",
		"a;b":                             "'a;b'",
		"~":                               "'~'",
		"ü":                               "'ü'",
	} {
		if got := Quote(word); got != want {
			t.Errorf("Quote(%q) = %s, want %s", word, got, want)
		}
	}
}
