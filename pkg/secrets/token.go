package secrets

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"

	"strongroom/pkg/api"
)

// A token is where a list goes on: which list, and the position in its order. It says nothing about who may see what;
// each page is decided anew.
type token struct {
	List string   `json:"l"`
	At   []string `json:"a"`
}

const maxToken = 4 << 10

func (t token) String() string { return base64.RawURLEncoding.EncodeToString(encode(t)) }

func malformedToken() error {
	return api.FieldError(api.CodeInvalid, "continuationToken",
		"is not one that this list answered; send it as it was, or leave it out to begin anew")
}

// position reads the continuation token of that list, made of so many parts; nil where there is none.
func position(list, text string, parts int) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	var t token
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) > maxToken {
		return nil, malformedToken()
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&t) != nil || t.List != list || len(t.At) != parts || t.String() != text {
		return nil, malformedToken()
	}
	if slices.ContainsFunc(t.At, func(part string) bool { return len(part) > maxSecretName }) {
		return nil, malformedToken() // no key is that long; the table would refuse it
	}
	return t.At, nil
}

// encode is JSON as answers have it, without HTML escaping.
func encode(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // wire types always encode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
