package gateway

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// openIdentities opens the identities of a new folder, with those already in it.
func openIdentities(t *testing.T, with ...Identity) (*Identities, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "identities.json")
	ids, err := OpenIdentities(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range with {
		if err := ids.Add(i); err != nil {
			t.Fatal(err)
		}
	}
	return ids, path
}

func named(i Identity, profile string) Identity {
	i.Profile = profile
	return i
}

func TestIdentitiesAreFoundByAccessKey(t *testing.T) {
	ids, path := openIdentities(t, named(user, "ann"), named(session, "ci"))
	for _, want := range []Identity{named(user, "ann"), named(session, "ci")} {
		got, ok := ids.Lookup(want.AccessKeyID)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%t %s", ok, diff)
		}
	}
	for _, id := range []string{"", "AKIANOBODY", strings.ToLower(user.AccessKeyID)} {
		if got, ok := ids.Lookup(id); ok {
			t.Errorf("%q is %v", id, got)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	all, err := ids.All()
	if diff := cmp.Diff(map[string]Identity{user.AccessKeyID: named(user, "ann"), session.AccessKeyID: named(session, "ci")}, all); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestNoFileMeansNobody(t *testing.T) {
	ids, _ := openIdentities(t)
	if _, ok := ids.Lookup(user.AccessKeyID); ok {
		t.Error("somebody is known")
	}
	if all, err := ids.All(); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestIdentitiesAddedElsewhere: another process's are known at the next look, and one that it takes away is not.
func TestIdentitiesAddedElsewhere(t *testing.T) {
	ids, path := openIdentities(t, user)
	other, err := OpenIdentities(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := other.Lookup(session.AccessKeyID); ok {
		t.Fatal("known before it was added")
	}
	if err := ids.Add(session); err != nil {
		t.Fatal(err)
	}
	if _, ok := other.Lookup(session.AccessKeyID); !ok {
		t.Error("not known after it was added")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, ok := other.Lookup(user.AccessKeyID); ok {
		t.Error("known though the file is gone")
	}
	if err := ids.Add(user); err != nil {
		t.Fatal(err)
	}
	if _, ok := other.Lookup(user.AccessKeyID); !ok {
		t.Error("not known though the file is there again")
	}
}

func TestAddingAgain(t *testing.T) {
	ids, path := openIdentities(t, named(user, "ann"), named(session, "ci"))
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	otherSecret, otherKey, otherARN := named(user, "ann"), named(user, "ann"), named(user, "bob")
	otherSecret.SecretAccessKey = "second-secret"
	otherKey.AccessKeyID = "AKIAOTHER"
	otherARN.ARN += "a"
	for name, c := range map[string]struct {
		i       Identity
		problem string
	}{
		"the same":                     {named(user, "ann"), ""},
		"the key with another secret":  {otherSecret, "access key"},
		"the key with another ARN":     {otherARN, "access key"},
		"the profile with another key": {otherKey, `profile "ann"`},
		"one without key":              {Identity{SecretAccessKey: "s", ARN: "a", UniqueID: "u"}, "has an access key"},
		"one without secret":           {Identity{AccessKeyID: "k", ARN: "a", UniqueID: "u"}, "has an access key"},
		"one without ARN":              {Identity{AccessKeyID: "k", SecretAccessKey: "s", UniqueID: "u"}, "has an access key"},
		"one without a unique id":      {Identity{AccessKeyID: "k", SecretAccessKey: "s", ARN: "a"}, "has an access key"},
	} {
		t.Run(name, func(t *testing.T) {
			err := ids.Add(c.i)
			if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
				t.Errorf("%v, want %q", err, c.problem)
			}
			if err != nil && (strings.Contains(err.Error(), user.SecretAccessKey) || strings.Contains(err.Error(), "second-secret")) {
				t.Errorf("the error tells a secret: %v", err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file changed, %v", err)
			}
		})
	}
}

// TestAddingAtTheSameTime: of identities that several add at once, through files opened apart, none is lost.
func TestAddingAtTheSameTime(t *testing.T) {
	_, path := openIdentities(t)
	const adders = 16
	var wait sync.WaitGroup
	for n := range adders {
		wait.Go(func() {
			ids, err := OpenIdentities(path)
			if err != nil {
				t.Error(err)
				return
			}
			i := user
			i.AccessKeyID = fmt.Sprintf("AKIA%d", n)
			if err := ids.Add(i); err != nil {
				t.Error(err)
			}
			if _, ok := ids.Lookup(i.AccessKeyID); !ok {
				t.Errorf("%s is not known to who added it", i.AccessKeyID)
			}
		})
	}
	wait.Wait()
	ids, err := OpenIdentities(path)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := ids.All(); err != nil || len(all) != adders {
		t.Errorf("%d identities, %v; want %d", len(all), err, adders)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 2 { // and the lock
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestFilesThatAreNoIdentities(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
		problem string
	}{
		"empty":             {"", 0o600, "no JSON object"},
		"cut":               {`{"AKIA":{"secretAccessKey":"marker`, 0o600, "no JSON object"},
		"null":              {"null", 0o600, "no JSON object"},
		"a list":            {"[]", 0o600, "no JSON object"},
		"open to the group": {"{}", 0o640, "chmod 600"},
		"open to all":       {"{}", 0o604, "chmod 600"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "identities.json")
			if err := os.WriteFile(path, []byte(c.content), c.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := OpenIdentities(path)
			if err == nil || !strings.Contains(err.Error(), c.problem) || strings.Contains(err.Error(), "marker") {
				t.Errorf("%v, want %q", err, c.problem)
			}
			if err := (&Identities{path: path}).Add(user); err == nil {
				t.Error("added to it")
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != c.content {
				t.Errorf("%q, %v: the file changed", after, err)
			}
		})
	}
}

// TestABrokenFileLetsNobodyIn, and says so in the log, once, until it is whole again.
func TestABrokenFileLetsNobodyIn(t *testing.T) {
	ids, path := openIdentities(t, user)
	if _, ok := ids.Lookup(user.AccessKeyID); !ok {
		t.Fatal("not known")
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	write := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(whole[:20])
	for range 3 {
		if _, ok := ids.Lookup(user.AccessKeyID); ok {
			t.Error("known though the file is broken")
		}
	}
	if n := strings.Count(log.String(), "no identities are known"); n != 1 {
		t.Errorf("logged %d times, want once:\n%s", n, log.String())
	}
	write(whole)
	if _, ok := ids.Lookup(user.AccessKeyID); !ok {
		t.Error("not known though the file is whole again")
	}
}
