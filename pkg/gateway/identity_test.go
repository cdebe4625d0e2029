package gateway

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNewIdentity(t *testing.T) {
	for _, c := range []struct{ name, arn, given, key, id string }{
		{"a user", "arn:aws:iam::123456789012:user/ann", "", `^AKIA[A-Z2-7]{16}$`, `^AIDA[A-Z2-7]{17}$`},
		{"a user with a path", "arn:aws:iam::123456789012:user/team/ann", "", `^AKIA[A-Z2-7]{16}$`, `^AIDA[A-Z2-7]{17}$`},
		{"a user of whom the id is known", "arn:aws:iam::123456789012:user/ann", "AIDAGIVEN", `^AKIA`, `^AIDAGIVEN$`},
		{"a session", "arn:aws:sts::123456789012:assumed-role/ci/run-1", "", `^ASIA[A-Z2-7]{16}$`, `^AROA[A-Z2-7]{17}:run-1$`},
		{"a session of a known role", "arn:aws:sts::123456789012:assumed-role/ci/run-1", "AROAGIVEN", `^ASIA`, `^AROAGIVEN:run-1$`},
		{"a session with its whole id", "arn:aws:sts::123456789012:assumed-role/ci/run-1", "AROAGIVEN:x", `^ASIA`, `^AROAGIVEN:x$`},
		{"a session in China", "arn:aws-cn:sts::123456789012:assumed-role/ci/ann@example.com", "", `^ASIA`, `^AROA[A-Z2-7]{17}:ann@example\.com$`},
		{"the root", "arn:aws:iam::123456789012:root", "123456789012", `^AKIA`, `^123456789012$`},
	} {
		t.Run(c.name, func(t *testing.T) {
			i, err := NewIdentity(c.arn, c.given)
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(c.key).MatchString(i.AccessKeyID) || !regexp.MustCompile(c.id).MatchString(i.UniqueID) {
				t.Errorf("key %q and id %q, want %s and %s", i.AccessKeyID, i.UniqueID, c.key, c.id)
			}
			if i.ARN != c.arn || len(i.SecretAccessKey) != 40 || (i.SessionToken != "") != strings.HasPrefix(i.AccessKeyID, "ASIA") {
				t.Errorf("%q, a secret of %d characters, a token of %d", i.ARN, len(i.SecretAccessKey), len(i.SessionToken))
			}
			again, err := NewIdentity(c.arn, c.given)
			if err != nil || again.AccessKeyID == i.AccessKeyID || again.SecretAccessKey == i.SecretAccessKey {
				t.Errorf("the next has the same key or secret, %v", err)
			}
		})
	}
}

func TestNewIdentityRefuses(t *testing.T) {
	for arn, problem := range map[string]string{
		"":                                       "form",
		"ann":                                    "form",
		"arn:aws:iam::123456789012":              "form",
		"arn:aws:iam::123456789012:":             "form",
		"arn:aws:iam:::user/ann":                 "form",
		"urn:aws:iam::123456789012:user/ann":     "form",
		"arn:aws:iam::123456789012:role/path/ci": "arn:aws:sts::123456789012:assumed-role/ci/SESSION",
	} {
		t.Run(arn, func(t *testing.T) {
			if i, err := NewIdentity(arn, ""); err == nil || !strings.Contains(err.Error(), problem) {
				t.Errorf("%v, %v; want %q", i, err, problem)
			}
		})
	}
}

// TestAuthorizer: the account is the ARN's, whatever the gateway's own is.
func TestAuthorizer(t *testing.T) {
	i := Identity{AccessKeyID: "AKIA", ARN: "arn:aws:iam::999999999999:user/eve", UniqueID: "AIDA"}
	want := iamAuthorizer{AccessKey: "AKIA", AccountID: "999999999999", CallerID: "AIDA", UserARN: i.ARN, UserID: "AIDA"}
	if diff := cmp.Diff(want, i.authorizer()); diff != "" {
		t.Error(diff)
	}
}
