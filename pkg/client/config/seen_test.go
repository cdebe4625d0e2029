package config_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/client/config"
)

func seenAt(version int64) config.SeenSecret {
	return config.SeenSecret{Version: version, Digest: sha256.Sum256(fmt.Append(nil, version))}
}

func TestSeenNeverGoesBack(t *testing.T) {
	w := newWorld(t)
	secret := uuid.New()
	if got, err := w.load(t).Seen().Secret(organization1, secret); got != (config.SeenSecret{}) || err != nil {
		t.Fatalf("got %v, %v before", got, err)
	}
	for _, step := range []struct{ put, want int64 }{{3, 3}, {3, 3}, {2, 3}, {7, 7}, {1, 7}, {0, 7}} {
		if err := w.load(t).Seen().PutSecret(organization1, secret, seenAt(step.put)); err != nil {
			t.Error(err)
		}
		if got, err := w.load(t).Seen().Secret(organization1, secret); got != seenAt(step.want) || err != nil {
			t.Errorf("after %d: got %v, %v", step.put, got, err)
		}
	}
	changed := config.SeenSecret{Version: 7, Digest: sha256.Sum256([]byte("another"))}
	var differs *config.SeenError
	if err := w.load(t).Seen().PutSecret(organization1, secret, changed); !errors.As(err, &differs) || !strings.HasPrefix(err.Error(), "version 7 of the secret "+secret.String()+" is not what") {
		t.Errorf("got %v", err)
	}
	for _, other := range []struct{ organization, secret uuid.UUID }{{organization2, secret}, {organization1, uuid.New()}} {
		if got, err := w.load(t).Seen().Secret(other.organization, other.secret); got != (config.SeenSecret{}) || err != nil {
			t.Errorf("another's: got %v, %v", got, err)
		}
	}
}

func TestSeenProjectKeysNeverGoBack(t *testing.T) {
	w := newWorld(t)
	a, b, c, old := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	for i, step := range []struct {
		ids     []uuid.UUID
		current uuid.UUID
		want    []uuid.UUID
		now     uuid.UUID
	}{
		{nil, a, []uuid.UUID{a}, a},
		{[]uuid.UUID{a, b}, b, []uuid.UUID{a, b}, b},
		{[]uuid.UUID{a}, a, []uuid.UUID{a, b}, b},            // read before, written after
		{[]uuid.UUID{a, b, c}, a, []uuid.UUID{a, b}, b},      // the older one again
		{[]uuid.UUID{old, b}, b, []uuid.UUID{a, b, old}, b},  // an older one that was not told of
		{[]uuid.UUID{c, b}, c, []uuid.UUID{a, b, old, c}, c}, // and on
		{[]uuid.UUID{b, c}, b, []uuid.UUID{a, b, old, c}, c},
	} {
		if err := w.load(t).Seen().PutProjectKeys(organization1, demoID, step.ids, step.current); err != nil {
			t.Error(err)
		}
		ids, current, err := w.load(t).Seen().ProjectKeys(organization1, demoID)
		if d := cmp.Diff(step.want, ids); d != "" || current != step.now || err != nil {
			t.Errorf("step %d: current %v, %v, %s", i, current, err, d)
		}
	}
	if ids, current, err := w.load(t).Seen().ProjectKeys(organization1, otherID); ids != nil || current != uuid.Nil || err != nil {
		t.Errorf("another's: got %v, %v, %v", ids, current, err)
	}
}

func TestSeenAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	secret, keys := uuid.New(), make([]uuid.UUID, 8)
	for i := range keys {
		keys[i] = uuid.New()
	}
	var wait sync.WaitGroup
	for p := range 8 {
		s := w.load(t).Seen()
		wait.Go(func() {
			for i := range 16 {
				version := int64((p*5+i*7)%32 + 1)
				if err := s.PutSecret(organization1, secret, seenAt(version)); err != nil {
					t.Error(err)
				}
				if got, err := s.Secret(organization1, secret); got.Version < version || got != seenAt(got.Version) || err != nil {
					t.Errorf("got %v, %v after %d", got, err, version)
				}
			}
			if err := s.PutProjectKeys(organization1, demoID, keys[:p+1], keys[p]); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if got, err := w.load(t).Seen().Secret(organization1, secret); got != seenAt(32) || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if ids, current, err := w.load(t).Seen().ProjectKeys(organization1, demoID); len(ids) != 8 || current != keys[7] || err != nil {
		t.Errorf("got %d keys, %v, %v", len(ids), current, err)
	}
}

func TestSeenFiles(t *testing.T) {
	w := newWorld(t)
	s := w.load(t).Seen()
	for range 20 {
		if err := s.PutSecret(organization1, uuid.New(), seenAt(1)); err != nil {
			t.Fatal(err)
		}
	}
	secret := uuid.New()
	if err := errors.Join(s.PutSecret(organization1, secret, seenAt(5)), s.PutProjectKeys(organization1, demoID, nil, otherID)); err != nil {
		t.Fatal(err)
	}
	var names []string
	root := filepath.Join(w.home, ".local", "state", "strongroom")
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if open := info.Mode().Perm() & 0o077; open != 0 {
			t.Errorf("%s is open to others: %v", path, info.Mode())
		}
		if !e.IsDir() && strings.HasSuffix(path, ".json") {
			names = append(names, path)
		}
		return err
	})
	if err != nil || len(names) != 22 {
		t.Errorf("got %d files, %v", len(names), err)
	}
	before, err := os.Stat(root + "/seen/" + organization1.String() + "/secrets/" + secret.String()[34:] + "/" + secret.String() + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PutSecret(organization1, secret, seenAt(5)); err != nil {
		t.Error(err)
	}
	after, err := os.Stat(root + "/seen/" + organization1.String() + "/secrets/" + secret.String()[34:] + "/" + secret.String() + ".json")
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("what is known already was written again: %v", err)
	}
}

func TestSeenDamaged(t *testing.T) {
	w := newWorld(t)
	secret := uuid.New()
	s := w.load(t).Seen()
	if err := s.PutSecret(organization1, secret, seenAt(5)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.home, ".local/state/strongroom/seen", organization1.String(), "secrets", secret.String()[34:], secret.String()+".json")
	whole := read(t, path)
	for _, content := range []string{whole[:len(whole)/2], "null x", `{"version":"5"}`, `{"version":5,"digest":"AA=="}`, strings.Replace(whole, "{", `{"more":1,`, 1), "\x00\x00\x00"} {
		write(t, content, path)
		_, err := s.Secret(organization1, secret)
		for _, err := range []error{err, s.PutSecret(organization1, secret, seenAt(6))} {
			if err == nil || !strings.HasPrefix(err.Error(), path+" is damaged") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: got %v", content, err)
			}
		}
	}
	write(t, "", path)
	if got, err := s.Secret(organization1, secret); got != (config.SeenSecret{}) || err != nil {
		t.Errorf("an emptied file: got %v, %v", got, err)
	}
	if err := s.PutSecret(organization1, secret, seenAt(5)); err != nil || read(t, path) != whole {
		t.Errorf("got %v", err)
	}
}

func TestSeenWithoutFolder(t *testing.T) {
	c, err := config.Load(config.Source{})
	if err != nil {
		t.Fatal(err)
	}
	s := c.Seen()
	got, err := s.Secret(organization1, demoID)
	if err := errors.Join(err, s.PutSecret(organization1, demoID, seenAt(1)), s.PutProjectKeys(organization1, demoID, nil, otherID)); err != nil || got.Version != 0 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := os.Stat("seen"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v: something was written here", err)
	}
}
