package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"strongroom/pkg/rotation/rotators"
)

// minKey is how many bytes a key has at least, as Standard Webhooks asks for.
const minKey = 24

// signingKey reads the value of a key's secret.
func signingKey(value string) ([]byte, error) {
	value = strings.TrimSpace(value)
	key := []byte(value)
	if coded, ok := strings.CutPrefix(value, "whsec_"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(coded); err != nil {
			return nil, rotators.Wrong(err, `the signing key begins with "whsec_" and is not base64 after that`)
		}
	}
	if len(key) < minKey {
		return nil, rotators.Wrong(nil, "the signing key has %d bytes; at least %d are needed", len(key), minKey)
	}
	return key, nil
}

// sign is the header webhook-signature.
func sign(key []byte, id, sent string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + sent + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
