package sigv4

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	aSignature = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	aHeader    = "AWS4-HMAC-SHA256 Credential=AKIA/20260301/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + aSignature
)

func TestParseAuthorization(t *testing.T) {
	want := authorization{
		accessKeyID: "AKIA", date: "20260301", region: "eu-west-1", service: "execute-api",
		signedHeaders: []string{"host", "x-amz-date"}, signature: aSignature,
	}
	for name, header := range map[string]string{
		"as the SDK writes it": aHeader,
		"without spaces":       strings.ReplaceAll(aHeader, ", ", ","),
		"with more spaces":     strings.ReplaceAll(aHeader, ", ", " ,  "),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseAuthorization(header)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(authorization{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMalformedAuthorizations(t *testing.T) {
	replace := func(old, with string) string {
		if !strings.Contains(aHeader, old) {
			t.Fatalf("%q is not in the header", old)
		}
		return strings.Replace(aHeader, old, with, 1)
	}
	for name, header := range map[string]string{
		"empty":                            "",
		"the algorithm alone":              "AWS4-HMAC-SHA256",
		"the algorithm and a space":        "AWS4-HMAC-SHA256 ",
		"the algorithm in lower case":      replace("AWS4", "aws4"),
		"another algorithm":                replace("HMAC-SHA256", "HMAC-SHA512"),
		"no credential":                    replace("Credential=AKIA/20260301/eu-west-1/execute-api/aws4_request, ", ""),
		"no signed headers":                replace("SignedHeaders=host;x-amz-date, ", ""),
		"no signature":                     replace(", Signature="+aSignature, ""),
		"a part twice":                     replace("Signature=", "Signature="+aSignature+", Signature="),
		"another part":                     replace("Signature=", "More=1, Signature="),
		"another part in place of one":     replace("Signature=", "signature="),
		"a part without a value":           replace("Signature=", "More, Signature="),
		"a comma at the end":               aHeader + ",",
		"a tab between":                    replace(", Signed", ",\tSigned"),
		"a short scope":                    replace("/execute-api", ""),
		"a long scope":                     replace("AKIA/", "AKIA/more/"),
		"a scope with an empty part":       replace("eu-west-1", ""),
		"an empty access key":              replace("AKIA", ""),
		"another end of the scope":         replace("aws4_request", "aws5_request"),
		"no headers":                       replace("host;x-amz-date", ""),
		"an empty header":                  replace("host;", "host;;"),
		"headers out of order":             replace("host;x-amz-date", "x-amz-date;host"),
		"a header twice":                   replace("host;", "host;host;"),
		"a header in upper case":           replace("host;", "Host;"),
		"a header with a space":            replace("host;", "ho st;"),
		"a header with a newline":          replace("host;", "host\n;"),
		"a short signature":                aHeader[:len(aHeader)-1],
		"a long signature":                 aHeader + "0",
		"a signature in upper case":        replace("abcdef", "ABCDEF"),
		"a signature with another letter":  replace("abcdef", "abcdeg"),
		"a signature with a letter within": replace("9abcdef0", "9abcxef0"),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := parseAuthorization(header); err == nil {
				t.Errorf("%+v, want an error", got)
			}
		})
	}
}
