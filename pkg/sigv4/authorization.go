package sigv4

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An authorization is what an Authorization header of Signature Version 4 says
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
type authorization struct {
	accessKeyID, date, region, service string
	// signedHeaders are lower-case names, sorted, each once.
	signedHeaders []string
	// signature is 64 lower-case hexadecimal digits.
	signature string
}

const algorithm = "AWS4-HMAC-SHA256"

// ErrMalformed says that it is an Authorization header that is none of Signature Version 4.
var ErrMalformed = errors.New("the Authorization header is malformed")

// parseAuthorization reads an Authorization header. Each part must be there once and nothing else.
func parseAuthorization(header string) (authorization, error) {
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return authorization{}, fmt.Errorf("%w: its algorithm is not %s", ErrMalformed, algorithm)
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.Trim(part, " "), "=")
		if _, twice := parts[name]; !ok || twice {
			return authorization{}, fmt.Errorf("%w: its parts are not Credential, SignedHeaders and Signature, each once", ErrMalformed)
		}
		parts[name] = value
	}
	var a authorization
	return a, a.fill(parts)
}

func (a *authorization) fill(parts map[string]string) error {
	scope := strings.Split(parts["Credential"], "/")
	a.signedHeaders = strings.Split(parts["SignedHeaders"], ";")
	a.signature = parts["Signature"]
	switch {
	case len(parts) != 3:
		return fmt.Errorf("%w: it has parts of other names", ErrMalformed)
	case len(scope) != 5 || scope[4] != "aws4_request" || slices.Contains(scope, ""):
		return fmt.Errorf("%w: its credential is not KEY/DATE/REGION/SERVICE/aws4_request", ErrMalformed)
	case !validHeaderNames(a.signedHeaders):
		return fmt.Errorf("%w: its signed headers are not lower-case names in order", ErrMalformed)
	case len(a.signature) != 64 || strings.Trim(a.signature, "0123456789abcdef") != "":
		return fmt.Errorf("%w: its signature is not 64 hexadecimal digits", ErrMalformed)
	}
	a.accessKeyID, a.date, a.region, a.service = scope[0], scope[1], scope[2], scope[3]
	return nil
}

// validHeaderNames says whether the names are as a signer writes them: lower-case, sorted, each once.
func validHeaderNames(names []string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~" // tokens of RFC 9110, 5.6.2, in lower case
	for i, name := range names {
		if name == "" || strings.Trim(name, letters) != "" || i > 0 && names[i-1] >= name {
			return false
		}
	}
	return true
}

// signs says whether the header of that lower-case name is among the signed ones.
func (a authorization) signs(name string) bool {
	_, found := slices.BinarySearch(a.signedHeaders, name)
	return found
}
