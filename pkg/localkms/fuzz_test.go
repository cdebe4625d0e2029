package localkms

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// FuzzRequests sends any body to every operation: as the administrator nothing panics, fails inside or is answered with no
// JSON; as a stranger nothing is answered at all.
func FuzzRequests(f *testing.F) {
	r := newRig(f)
	sealed, err := json.Marshal(r.made(f).CiphertextBlob)
	if err != nil {
		f.Fatal(err)
	}
	key := `"KeyId":"` + r.clientKey + `"`
	for _, body := range []string{
		``, `{}`, `[]`, `null`, `{` + key + `}`, `{` + key + `,"KeySpec":"AES_256","EncryptionContext":{"a":"b"}}`,
		`{` + key + `,"Plaintext":"eA=="}`, `{"CiphertextBlob":` + string(sealed) + `,"EncryptionContext":{"strongroom:organization":"o","strongroom:project":"demo"}}`,
		`{` + key + `,"GranteePrincipal":"` + annUser + `","Operations":["Decrypt"],"Constraints":{"EncryptionContextEquals":{"a":"b"}},"DryRun":true}`,
		`{` + key + `,` + key + `}`, `{"KeyId":1}`, `{"Limit":-1,"Marker":"x"}`, `{"EncryptionContext":{"a":1}}`, `{"Plaintext":"\ud800"}`,
	} {
		for name := range operations {
			f.Add(name, body)
		}
	}
	f.Fuzz(func(t *testing.T, name, body string) {
		operation := operations[name]
		if operation == nil || name == "CreateKey" || strings.Contains(name, "ableKey") {
			return // of these nothing but a file grows, or all else is refused
		}
		answer, err := operation(r.Endpoint, admin, []byte(body))
		if asked := new(failure); err != nil && !errors.As(err, &asked) {
			t.Errorf("%s fails with %v", name, err)
		}
		if encoded, encoding := json.Marshal(answer); err == nil && (encoding != nil || !json.Valid([]byte(body)) || len(encoded) == 0) {
			t.Errorf("%s answers %q with %s, %v", name, body, encoded, encoding)
		}
		if _, err := operation(r.Endpoint, stranger, []byte(body)); err == nil {
			t.Errorf("%s answers a stranger %q", name, body)
		}
	})
}
