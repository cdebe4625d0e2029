package clientcrypto_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/clientcrypto/clientcryptotest"
)

// id answers a UUID that sorts by n.
func id(n byte) uuid.UUID {
	return uuid.UUID{0x01, 0x93, 0x6a, 0x1e, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, n}
}

// place is a binding to that many projects, with a key of each.
func place(projects int) (clientcrypto.Binding, []clientcryptotest.Key, map[uuid.UUID]uuid.UUID) {
	b := clientcrypto.Binding{Organization: id(1), Secret: id(2), Name: "DATABASE_URL"}
	var keys []clientcryptotest.Key
	current := map[uuid.UUID]uuid.UUID{}
	for i := range byte(projects) {
		b.Projects = append(b.Projects, id(0x10+i))
		keys = append(keys, clientcryptotest.NewKey(id(0x80+i)))
		current[id(0x10+i)] = id(0x80 + i)
	}
	return b, keys, current
}

// A vector is a file of testdata/jwe, made by the script beside them with Python's jwcrypto.
type vector struct {
	About string `json:"about"`
	// Want is ok, form (Inspect refuses) or mismatch (Check does); Says is a part of the message then.
	Want, Says string
	Check      struct {
		Binding clientcrypto.Binding    `json:"binding"`
		Keys    map[uuid.UUID]uuid.UUID `json:"keys"`
	} `json:"check"`
	Value string `json:"value"`
}

const wantVectors = 62

func vectors(tb testing.TB) map[string]vector {
	tb.Helper()
	files, err := filepath.Glob("../../testdata/jwe/*.json")
	if err != nil || len(files) != wantVectors {
		tb.Fatalf("found %d vectors (%v), want %d", len(files), err, wantVectors)
	}
	all := map[string]vector{}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(content, &v); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		all[strings.TrimSuffix(filepath.Base(name), ".json")] = v
	}
	return all
}

func TestVectors(t *testing.T) {
	for name, v := range vectors(t) {
		t.Run(name, func(t *testing.T) {
			e, formErr := clientcrypto.Inspect(v.Value)
			switch v.Want {
			case "form":
				checkFormError(t, formErr, v.Says, v.Value)
			case "mismatch":
				var mismatch *clientcrypto.MismatchError
				err := e.Check(v.Check.Binding, v.Check.Keys)
				if formErr != nil || !errors.As(err, &mismatch) || !strings.Contains(err.Error(), v.Says) || v.Says == "" {
					t.Errorf("%s: Inspect: %v; Check: %v\nwant a mismatch that says %q", v.About, formErr, err, v.Says)
				}
			case "ok":
				if err := e.Check(v.Check.Binding, v.Check.Keys); formErr != nil || err != nil {
					t.Errorf("%s: Inspect: %v; Check: %v", v.About, formErr, err)
				}
			default:
				t.Errorf("the vector wants %q", v.Want)
			}
		})
	}
}

// checkFormError checks that err is a FormError that says so, and quotes nothing of the value.
func checkFormError(t *testing.T, err error, says, value string) {
	t.Helper()
	var form *clientcrypto.FormError
	if !errors.As(err, &form) || says == "" || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want a FormError that says %q", err, says)
		return
	}
	if !strings.Contains(err.Error(), "encrypted by the client: send a JWE") {
		t.Errorf("the message does not say to send a JWE: %v", err)
	}
	for i := 0; i+12 <= len(value); i++ {
		if part := value[i : i+12]; strings.Contains(err.Error(), part) {
			t.Errorf("the message quotes the value (%q): %v", part, err)
		}
	}
}

func TestInspectAnswersWhatWasSealed(t *testing.T) {
	for projects := 1; projects <= clientcrypto.MaxRecipients; projects++ {
		for _, plaintext := range []string{"", "a value", strings.Repeat("x", clientcrypto.MaxPlaintext)} {
			b, keys, current := place(projects)
			value := clientcryptotest.Encrypt(b, keys, plaintext)
			e, err := clientcrypto.Inspect(value)
			if err != nil {
				t.Fatalf("%d projects, %d bytes: %v", projects, len(plaintext), err)
			}
			want := clientcrypto.Envelope{Binding: b}
			for _, k := range keys {
				want.Recipients = append(want.Recipients, k.ID)
			}
			if diff := cmp.Diff(want, e); diff != "" {
				t.Errorf("%d projects (-want +got):\n%s", projects, diff)
			}
			if err := e.Check(b, current); err != nil {
				t.Error(err)
			}
			for _, k := range keys {
				if got := goJoseOpen(t, value, k); got != plaintext {
					t.Errorf("%d projects: go-jose opens %d bytes, want %d", projects, len(got), len(plaintext))
				}
			}
		}
	}
}

func goJoseOpen(t *testing.T, value string, k clientcryptotest.Key) string {
	t.Helper()
	plaintext, err := goJoseTry(value, k)
	if err != nil {
		t.Fatal(err)
	}
	return plaintext
}

// goJoseTry opens with whichever recipient the key fits, as a plain reader would.
func goJoseTry(value string, k clientcryptotest.Key) (string, error) {
	parsed, err := jose.ParseEncrypted(value, []jose.KeyAlgorithm{jose.A256GCMKW}, []jose.ContentEncryption{jose.A256GCM}) //nolint:staticcheck // takes both forms, as readers do
	if err != nil {
		return "", err
	}
	_, _, plaintext, err := parsed.DecryptMulti(k.Material)
	return string(plaintext), err
}

func TestTheLargestHeaderFits(t *testing.T) {
	b, keys, _ := place(clientcrypto.MaxRecipients)
	b.Name = strings.Repeat("€", 170) + "é" // 512 bytes
	value := clientcryptotest.Encrypt(b, keys, strings.Repeat("x", clientcrypto.MaxPlaintext))
	var m map[string]any
	if err := json.Unmarshal([]byte(value), &m); err != nil {
		t.Fatal(err)
	}
	// The longest spelling of 512 bytes: each ASCII letter as a \u escape.
	b.Name = strings.Repeat("n", 512)
	header := fmt.Sprintf(`{"enc": "A256GCM", "strongroom": {"organization": %q, "secret": %q, "name": "%s", "projects": ["%s"]}}`,
		b.Organization, b.Secret, strings.Repeat(`\u006e`, 512), strings.Join(texts(b.Projects), `", "`))
	m["protected"] = base64.RawURLEncoding.EncodeToString([]byte(header))
	spaced, err := json.MarshalIndent(m, "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{value, string(spaced)} {
		if _, err := clientcrypto.Inspect(text); err != nil {
			t.Errorf("a value of %d bytes: %v", len(text), err)
		}
	}
}

func texts(ids []uuid.UUID) []string {
	all := make([]string, len(ids))
	for i := range ids {
		all[i] = ids[i].String()
	}
	return all
}

func TestSizes(t *testing.T) {
	b, keys, _ := place(2)
	for _, test := range []struct {
		name, value, says string
	}{
		{"a byte more than the longest value, compact", clientcryptotest.Encrypt(b, keys[:1], strings.Repeat("x", clientcrypto.MaxPlaintext+1)), "longer than 65,536 bytes"},
		{"a byte more than the longest value, general", clientcryptotest.Encrypt(b, keys, strings.Repeat("x", clientcrypto.MaxPlaintext+1)), "longer than 65,536 bytes"},
		{"far more", clientcryptotest.Encrypt(b, keys, strings.Repeat("x", 200_000)), "longer than any"},
		{"a megabyte of braces", strings.Repeat(`{"a":`, 200_000), "longer than any"},
		{"deep nesting", strings.Repeat(`{"protected":`, 7_000), "members expected"},
		{"many recipients", `{"recipients":[` + strings.Repeat(`{},`, 20_000) + `{}]}`, "more than 10"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := clientcrypto.Inspect(test.value)
			checkFormError(t, err, test.says, "")
		})
	}
}

// TestCompactParts breaks one part of a good compact value at a time.
func TestCompactParts(t *testing.T) {
	b, keys, _ := place(1)
	good := strings.Split(clientcryptotest.Encrypt(b, keys, "12"), ".") // two bytes: the last letter has two stray bits
	stray := func(part string) string {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		last := strings.IndexByte(alphabet, part[len(part)-1])
		return part[:len(part)-1] + alphabet[last+1:last+2]
	}
	for _, test := range []struct {
		name string
		part int
		edit func(string) string
		says string
	}{
		{"no header", 0, func(string) string { return "" }, "no protected header"},
		{"header with padding", 0, func(s string) string { return s + "=" }, "protected header is not base64url"},
		{"header in the other alphabet", 0, func(s string) string { return "+/" + s[2:] }, "protected header is not base64url"},
		{"header with a line break", 0, func(s string) string { return s[:20] + "\n" + s[20:] }, "protected header is not base64url"},
		{"header cut", 0, func(s string) string { return s[:len(s)-8] }, "protected header"},
		{"no encrypted key", 1, func(string) string { return "" }, "encrypted key must be 32 bytes"},
		{"short encrypted key", 1, func(s string) string { return s[:22] }, "encrypted key must be 32 bytes"},
		{"long encrypted key", 1, func(s string) string { return s + "AAAA" }, "encrypted key must be 32 bytes"},
		{"encrypted key with stray bits", 1, stray, "encrypted key must be 32 bytes"},
		{"no iv", 2, func(string) string { return "" }, "iv must be 12 bytes"},
		{"long iv", 2, func(s string) string { return s + "AAAA" }, "iv must be 12 bytes"},
		{"iv with a space", 2, func(s string) string { return " " + s[1:] }, "iv must be 12 bytes"},
		{"ciphertext with padding", 3, func(s string) string { return s + "=" }, "ciphertext is not base64url"},
		{"ciphertext with a line break", 3, func(s string) string { return s + "\r\n" }, "ciphertext is not base64url"},
		{"ciphertext with stray bits", 3, stray, "ciphertext is not base64url"},
		{"ciphertext of an impossible length", 3, func(s string) string { return s + "AA" }, "ciphertext is not base64url"},
		{"no tag", 4, func(string) string { return "" }, "tag must be 16 bytes"},
		{"short tag", 4, func(s string) string { return s[:16] }, "tag must be 16 bytes"},
		{"tag with stray bits", 4, stray, "tag must be 16 bytes"},
		{"six parts", 4, func(s string) string { return s + ".AAAA" }, "five parts"},
		{"a space before", 0, func(s string) string { return " " + s }, "protected header is not base64url"},
		{"a line break after", 4, func(s string) string { return s + "\n" }, "tag must be 16 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			parts := slices.Clone(good)
			parts[test.part] = test.edit(parts[test.part])
			value := strings.Join(parts, ".")
			_, err := clientcrypto.Inspect(value)
			checkFormError(t, err, test.says, value)
		})
	}
}

// TestCompactHeaders edits the text of a good compact value's protected header.
func TestCompactHeaders(t *testing.T) {
	b, keys, _ := place(1)
	value := clientcryptotest.Encrypt(b, keys, "x")
	encoded, rest, _ := strings.Cut(value, ".")
	header, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, old, new, says string }{
		{"alg null", `"alg":"A256GCMKW"`, `"alg":null`, "alg A256GCMKW"},
		{"alg a list", `"alg":"A256GCMKW"`, `"alg":["A256GCMKW"]`, "members expected"},
		{"alg with a space", `"A256GCMKW"`, `"A256GCMKW "`, "alg A256GCMKW"},
		{"no alg", `"alg":"A256GCMKW",`, ``, "alg A256GCMKW"},
		{"no enc", `"enc":"A256GCM",`, ``, "enc A256GCM"},
		{"no kid", `"kid":"` + keys[0].ID.String() + `",`, ``, "kid must be"},
		{"kid as a urn", `"kid":"`, `"kid":"urn:uuid:`, "kid must be"},
		{"kid without hyphens", keys[0].ID.String(), strings.ReplaceAll(keys[0].ID.String(), "-", ""), "kid must be"},
		{"kid in braces", keys[0].ID.String(), "{" + keys[0].ID.String() + "}", "kid must be"},
		{"no iv", `"iv":"`, `"iv":"","kid2":"`, "not allowed there"},
		{"short iv", `"iv":"`, `"iv":"AA`, "iv of an encrypted key"},
		{"short tag", `"tag":"`, `"tag":"AA`, "tag of an encrypted key"},
		{"zip", `{"alg"`, `{"zip":"DEF","alg"`, "not allowed there"},
		{"zip null", `{"alg"`, `{"zip":null,"alg"`, "not allowed there"},
		{"alg twice", `{"alg"`, `{"alg":"dir","alg"`, "member twice"},
		{"alg twice, once escaped", `{"alg"`, `{"\u0061lg":"dir","alg"`, "member twice"},
		{"binding twice", `{"alg"`, `{"strongroom":{},"alg"`, "member twice"},
		{"name missing", `"name":"DATABASE_URL",`, ``, "the secret's name"},
		{"name empty", `"DATABASE_URL"`, `""`, "the secret's name"},
		{"name a number", `"DATABASE_URL"`, `7`, "members expected"},
		{"name with a lone surrogate", `"DATABASE_URL"`, `"\ud800"`, "members expected"},
		{"name of invalid UTF-8", `"DATABASE_URL"`, "\"\xff\"", "members expected"},
		{"projects null", `"projects":[`, `"projects":null,"more":[`, "not allowed there"},
		{"project null", `"projects":["` + b.Projects[0].String() + `"]`, `"projects":[null]`, "lower-case UUIDs"},
		{"organization empty", `"organization":"` + b.Organization.String(), `"organization":"`, "must name organization"},
		{"two objects", `{"alg"`, `{} {"alg"`, "not a JSON object"},
		{"an unknown member", `"tag"`, `"tag":"","x"`, "not allowed there"},
		{"a list", `{"alg"`, `[{"alg"`, "not a JSON object"},
		{"a comment", `{"alg"`, `{/**/"alg"`, "not a JSON object"},
		{"a byte order mark", `{"alg"`, "\ufeff" + `{"alg"`, "not a JSON object"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(string(header), test.old) {
				t.Fatalf("the header holds no %q: %s", test.old, header)
			}
			edited := strings.Replace(string(header), test.old, test.new, 1)
			_, err := clientcrypto.Inspect(base64.RawURLEncoding.EncodeToString([]byte(edited)) + "." + rest)
			checkFormError(t, err, test.says, value)
		})
	}
}

// TestGeneralMembers edits a good general value.
func TestGeneralMembers(t *testing.T) {
	b, keys, _ := place(2)
	good := clientcryptotest.Encrypt(b, keys, "x")
	type object = map[string]any
	first := func(m object) object { return m["recipients"].([]any)[0].(object) }
	for _, test := range []struct {
		name string
		edit func(object)
		says string
	}{
		{"no protected", func(m object) { delete(m, "protected") }, "no protected header"},
		{"no recipients", func(m object) { delete(m, "recipients") }, "no recipients"},
		{"recipients null", func(m object) { m["recipients"] = nil }, "no recipients"},
		{"recipients an object", func(m object) { m["recipients"] = object{} }, "members expected"},
		{"recipient null", func(m object) { m["recipients"].([]any)[0] = nil }, "alg A256GCMKW"},
		{"no iv", func(m object) { delete(m, "iv") }, "iv must be 12 bytes"},
		{"no tag", func(m object) { delete(m, "tag") }, "tag must be 16 bytes"},
		{"no ciphertext", func(m object) { delete(m, "ciphertext") }, "no ciphertext"},
		{"ciphertext null", func(m object) { m["ciphertext"] = nil }, "no ciphertext"},
		{"aad empty", func(m object) { m["aad"] = "" }, "not allowed there"},
		{"header at the top", func(m object) { m["header"] = object{} }, "not allowed there"},
		{"unprotected empty", func(m object) { m["unprotected"] = object{} }, "not allowed there"},
		{"a member of nobody's", func(m object) { m["comment"] = "hello" }, "not allowed there"},
		{"recipient without header", func(m object) { delete(first(m), "header") }, "alg A256GCMKW"},
		{"recipient without key", func(m object) { delete(first(m), "encrypted_key") }, "encrypted key must be"},
		{"recipient with more", func(m object) { first(m)["comment"] = "hello" }, "not allowed there"},
		{"recipient with crit", func(m object) { first(m)["header"].(object)["crit"] = []any{} }, "not allowed there"},
		{"recipient without alg", func(m object) { delete(first(m)["header"].(object), "alg") }, "alg A256GCMKW"},
		{"recipient without kid", func(m object) { delete(first(m)["header"].(object), "kid") }, "kid must be"},
		{"recipient with dir", func(m object) { first(m)["header"].(object)["alg"] = "dir" }, "alg A256GCMKW"},
		{"protected as an object", func(m object) { m["protected"] = object{"enc": "A256GCM"} }, "members expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var m object
			if err := json.Unmarshal([]byte(good), &m); err != nil {
				t.Fatal(err)
			}
			test.edit(m)
			value, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			_, err = clientcrypto.Inspect(string(value))
			checkFormError(t, err, test.says, string(value))
		})
	}
	for name, value := range map[string]string{
		"cut":              good[:len(good)-1],
		"followed":         good + "{}",
		"escaped twice":    strings.Replace(good, `"iv"`, `"\u0069v":"","iv"`, 1),
		"other case":       strings.Replace(good, `"tag"`, `"Tag"`, 1),
		"invalid UTF-8":    strings.Replace(good, `"tag"`, "\"tag\xff\"", 1),
		"a NUL at its end": good + "\x00",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := clientcrypto.Inspect(value)
			checkFormError(t, err, "the JSON", value)
		})
	}
}
