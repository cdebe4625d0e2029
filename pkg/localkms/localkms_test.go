package localkms

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"strongroom/pkg/envelope"
)

var testContext = map[string]string{"organization": "o", "generation": "1", "purpose": "data-key"}

func open(t *testing.T, path string) *KMS {
	t.Helper()
	k, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func generate(t *testing.T, s *Service) envelope.DataKeyMaterial {
	t.Helper()
	m, err := s.GenerateDataKey(t.Context(), testContext)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAReopenedFileDecrypts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	first := open(t, path)
	again := open(t, path)
	for _, name := range []string{Storage, Client} {
		m := generate(t, first.Key(name))
		if len(m.Plaintext) != 32 || bytes.Contains(m.Wrapped, m.Plaintext[:8]) {
			t.Errorf("%s: a data key of %d bytes, or in clear in its wrapped form", name, len(m.Plaintext))
		}
		got, err := again.Key(name).Decrypt(t.Context(), m.Wrapped, maps.Clone(testContext))
		if err != nil || !bytes.Equal(got, m.Plaintext) {
			t.Errorf("%s: decrypting after opening again: %v", name, err)
		}
		if a, b := first.Key(name).ARN(), again.Key(name).ARN(); a != b || !strings.HasPrefix(a, "arn:aws:kms:us-east-1:000000000000:key/") {
			t.Errorf("%s: the ARN was %s and is %s", name, a, b)
		}
	}
	if first.Key(Storage).ARN() == first.Key(Client).ARN() {
		t.Error("the two keys have one ARN")
	}
	if a, b := generate(t, first.Key(Storage)), generate(t, first.Key(Storage)); bytes.Equal(a.Plaintext, b.Plaintext) {
		t.Error("two data keys are the same")
	}
}

func TestDecryptRefuses(t *testing.T) {
	k := open(t, filepath.Join(t.TempDir(), "keys.json"))
	other := open(t, filepath.Join(t.TempDir(), "keys.json"))
	storage := k.Key(Storage)
	wrapped := generate(t, storage).Wrapped
	with := func(name, value string) map[string]string {
		c := maps.Clone(testContext)
		c[name] = value
		return c
	}
	without := maps.Clone(testContext)
	delete(without, "purpose")
	for _, test := range []struct {
		name    string
		service *Service
		wrapped []byte
		context map[string]string
	}{
		{"another value in the context", storage, wrapped, with("generation", "2")},
		{"a pair more in the context", storage, wrapped, with("more", "")},
		{"a pair less in the context", storage, wrapped, without},
		{"no context", storage, wrapped, nil},
		{"a context with its border moved", storage, wrapped, map[string]string{"organization": "o", "generation": "1", "purposed": "ata-key"}},
		{"the file's other key", k.Key(Client), wrapped, testContext},
		{"another file's key", other.Key(Storage), wrapped, testContext},
		{"nothing", storage, nil, testContext},
		{"a byte less", storage, wrapped[:len(wrapped)-1], testContext},
		{"a byte more", storage, append(bytes.Clone(wrapped), 0), testContext},
		{"more than KMS takes", storage, append(bytes.Clone(wrapped), make([]byte, maxWrapped)...), testContext},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, err := test.service.Decrypt(t.Context(), test.wrapped, test.context); !errors.Is(err, envelope.ErrWrapped) || got != nil {
				t.Errorf("got %d bytes and %v, want ErrWrapped", len(got), err)
			}
		})
	}
	t.Run("any bit altered", func(t *testing.T) {
		for i := range len(wrapped) * 8 {
			altered := bytes.Clone(wrapped)
			altered[i/8] ^= 1 << (i % 8)
			if _, err := storage.Decrypt(t.Context(), altered, testContext); !errors.Is(err, envelope.ErrWrapped) {
				t.Fatalf("bit %d: %v, want ErrWrapped", i, err)
			}
		}
	})
	t.Run("the id of the other key put in", func(t *testing.T) {
		altered := bytes.Clone(wrapped)
		copy(altered[1:], k.Key(Client).id[:])
		if _, err := k.Key(Client).Decrypt(t.Context(), altered, testContext); !errors.Is(err, envelope.ErrWrapped) {
			t.Errorf("got %v, want ErrWrapped", err)
		}
	})
}

func TestACancelledContextIsHeeded(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "keys.json")).Key(Storage)
	wrapped := generate(t, s).Wrapped
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.GenerateDataKey(ctx, testContext); !errors.Is(err, context.Canceled) {
		t.Errorf("GenerateDataKey: %v", err)
	}
	if _, err := s.Decrypt(ctx, wrapped, testContext); !errors.Is(err, context.Canceled) {
		t.Errorf("Decrypt: %v", err)
	}
}

func TestKeysAreNotPrinted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	k := open(t, path)
	if got := fmt.Sprintf("%v %s", k.Key(Storage), k.Key(Storage)); got != k.Key(Storage).ARN()+" "+k.Key(Storage).ARN() {
		t.Errorf("a service prints as %s", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a key of another name was answered")
		}
	}()
	k.Key("other")
}

// A file that holds keys is for its owner alone, whatever the umask; nothing is left beside it.
func TestTheFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "keys.json")
	open(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v; want 0600", info.Mode(), err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v (%v), want one file", entries, err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	open(t, path)
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("opening changed the file (%v)", err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: %v, want an error that says chmod 600", mode, err)
		}
	}
}

func TestManyOpenAtOnceAndGetTheSameKeys(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "keys.json")
	arns := make([]string, 16)
	var wg sync.WaitGroup
	for i := range arns {
		wg.Go(func() {
			k, err := Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			arns[i] = k.Key(Client).ARN()
		})
	}
	wg.Wait()
	for _, arn := range arns {
		if arn != arns[0] {
			t.Fatalf("one got %s, another %s", arns[0], arn)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v (%v), want one file", entries, err)
	}
}

// What a kill before the link leaves behind is a file under another name, and no half of this one.
func TestALeftoverDoesNotMatter(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, ".keys.json.123"), []byte(`{"version": 1, "ke`), 0o600); err != nil {
		t.Fatal(err)
	}
	generate(t, open(t, filepath.Join(folder, "keys.json")).Key(Storage))
}

func TestADamagedFileIsAnErrorAndIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	open(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	replaced := func(old, new string) string {
		if !strings.Contains(string(whole), old) {
			t.Fatalf("the file holds no %q", old)
		}
		return strings.Replace(string(whole), old, new, 1)
	}
	for name, test := range map[string]struct{ content, want string }{
		"empty":                  {"", "not the JSON expected"},
		"half":                   {string(whole[:len(whole)/2]), "not the JSON expected"},
		"zeros":                  {strings.Repeat("\x00", len(whole)), "not the JSON expected"},
		"followed by something":  {string(whole) + "}", "not the JSON expected"},
		"twice":                  {string(whole) + string(whole), "not the JSON expected"},
		"an unknown member":      {replaced(`"name"`, `"more": 1, "name"`), "not the JSON expected"},
		"a newer version":        {replaced(`"version": 1`, `"version": 2`), "version 2"},
		"another name":           {replaced(`"client"`, `"clients"`), "must hold the keys"},
		"one name twice":         {replaced(`"client"`, `"storage"`), "must hold the keys"},
		"an ARN that is none":    {replaced("arn:aws:kms:us-east-1:000000000000:key/", "key/"), "ARN"},
		"a key of another size":  {fmt.Sprintf(`{"version":1,"keys":[{"name":"storage","arn":%q,"material":"AAAA"}]}`, arnPrefix+"01936a1e-0000-7000-8000-00000000000a"), "3 bytes"},
		"more than a file holds": {strings.Repeat(" ", maxFile) + string(whole), "longer"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want an error that names the file and says %q", err, test.want)
			}
			if now, err := os.ReadFile(path); err != nil || string(now) != test.content {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

func TestAFolderThatIsMissingIsAnError(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "missing", "keys.json")); err == nil {
		t.Error("a key file was made in a folder that is not there")
	}
}

func FuzzDecrypt(f *testing.F) {
	k, err := Open(filepath.Join(f.TempDir(), "keys.json"))
	if err != nil {
		f.Fatal(err)
	}
	m, err := k.Key(Storage).GenerateDataKey(context.Background(), testContext)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m.Wrapped, "purpose", "data-key")
	f.Add(m.Wrapped[:20], "", "")
	f.Fuzz(func(t *testing.T, wrapped []byte, name, value string) {
		got, err := k.Key(Storage).Decrypt(t.Context(), wrapped, map[string]string{name: value})
		if !errors.Is(err, envelope.ErrWrapped) {
			t.Errorf("decrypted %d bytes that nobody wrapped, %v", len(got), err)
		}
	})
}

func TestContextsAreNeverConfused(t *testing.T) {
	const zeros = "\x00\x00\x00\x00"
	seen := map[string]map[string]string{}
	for _, c := range []map[string]string{
		nil, {"": ""}, {"a": ""}, {"": "a"}, {"a": "b"}, {"ab": ""}, {"b": "a"}, {"a": "b", "c": "d"}, {"a": "bcd"}, {"abc": "d"},
		{"a": "b" + zeros + "c" + zeros + "d"}, {"a": "b", "c": "d" + zeros}, {"a": "b\x00\x00\x00\x01c\x00\x00\x00\x01d"},
	} {
		encoded := string(associatedData(nil, c))
		if other, ok := seen[encoded]; ok {
			t.Errorf("%q and %q are the same associated data", other, c)
		}
		seen[encoded] = c
	}
}
