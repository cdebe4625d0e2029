package app

import (
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/awskms"
	"strongroom/pkg/secrets"
)

func whole() map[string]string {
	return map[string]string{
		"STRONGROOM_TABLE": "strongroom", "STRONGROOM_ORGANIZATION": "0190a1b2-0000-7000-8000-000000000001",
		"STRONGROOM_ACCOUNT": "123456789012", "STRONGROOM_CLIENT_KEY": "arn:aws:kms:eu-west-1:123456789012:key/client",
		"STRONGROOM_STORAGE_KEY": "arn:aws:kms:eu-west-1:123456789012:key/storage",
		"STRONGROOM_SIGNING_KEY": "arn:aws:kms:eu-west-1:123456789012:key/signing", "AWS_REGION": "eu-west-1",
		"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "marked-secret", "AWS_SESSION_TOKEN": "marked-token",
	}
}

func read(set map[string]string, opts ...Option) (environment, error) {
	var o options
	for _, option := range opts {
		option(&o)
	}
	return readEnvironment(func(name string) string { return set[name] }, o)
}

// withAll are the options that need a variable.
func withAll() []Option { return []Option{WithKeys(awskms.Open), WithSigner(awskms.OpenSigner)} }

func TestEnvironment(t *testing.T) {
	set := whole()
	set["AWS_ENDPOINT_URL"], set["AWS_ENDPOINT_URL_KMS"] = "http://127.0.0.1:4566", "http://127.0.0.1:4599"
	e, err := read(set, withAll()...)
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := []string{
		e.table, e.organization.String(), e.account, e.clientKey, e.storageKey, e.signingKey, e.region,
		c.AccessKeyID, c.SecretAccessKey, c.SessionToken,
	}
	for i, name := range []string{
		"STRONGROOM_TABLE", "STRONGROOM_ORGANIZATION", "STRONGROOM_ACCOUNT", "STRONGROOM_CLIENT_KEY",
		"STRONGROOM_STORAGE_KEY", "STRONGROOM_SIGNING_KEY", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	} {
		if got[i] != set[name] {
			t.Errorf("%s is read as %q", name, got[i])
		}
	}
	if e.tableEndpoint != "http://127.0.0.1:4566" || e.keyEndpoint != "http://127.0.0.1:4599" || e.api != "" {
		t.Errorf("endpoints %q and %q, API %q", e.tableEndpoint, e.keyEndpoint, e.api)
	}
}

func TestWhoPublishesNeedsABus(t *testing.T) {
	publishes := options{openBus: func(string, string, aws.CredentialsProvider, string) secrets.Bus { return nil }}
	set := whole()
	if _, err := readEnvironment(func(name string) string { return set[name] }, publishes); err == nil || err.Error() != "STRONGROOM_BUS is not set" {
		t.Errorf("without a bus: %v", err)
	}
	set["STRONGROOM_BUS"], set["AWS_ENDPOINT_URL_EVENTBRIDGE"] = "strongroom", "http://127.0.0.1:4577"
	e, err := readEnvironment(func(name string) string { return set[name] }, publishes)
	if err != nil || e.bus != "strongroom" || e.busEndpoint != "http://127.0.0.1:4577" {
		t.Errorf("the bus is %q at %q: %v", e.bus, e.busEndpoint, err)
	}
}

func TestWhoArchivesNeedsABucket(t *testing.T) {
	archives := WithArchive(func(string, string, aws.CredentialsProvider, string) secrets.Archive { return nil })
	set := whole()
	if _, err := read(set, archives); err == nil || err.Error() != "STRONGROOM_ARCHIVE is not set" {
		t.Errorf("without a bucket: %v", err)
	}
	set["STRONGROOM_ARCHIVE"], set["AWS_ENDPOINT_URL"] = "seals", "http://127.0.0.1:4566"
	e, err := read(set, archives)
	if err != nil || e.archive != "seals" || e.archiveEndpoint != "http://127.0.0.1:4566" {
		t.Errorf("the archive is %q at %q: %v", e.archive, e.archiveEndpoint, err)
	}
	set["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:4572"
	if e, err := read(set, archives); err != nil || e.archiveEndpoint != "http://127.0.0.1:4572" {
		t.Errorf("the archive is at %q: %v", e.archiveEndpoint, err)
	}
}

func TestMetricsAreOnUnlessSaidOtherwise(t *testing.T) {
	set := whole()
	for value, want := range map[string]bool{"": true, "on": true, "off": false} {
		set["STRONGROOM_METRICS"] = value
		if e, err := read(set); err != nil || e.metrics != want {
			t.Errorf("%q: metrics %t, %v", value, e.metrics, err)
		}
	}
	set["STRONGROOM_METRICS"] = "marked-secret"
	if _, err := read(set); err == nil || err.Error() != "STRONGROOM_METRICS is neither on nor off" {
		t.Errorf("error %v", err)
	}
}

func TestMissingVariablesAreNamed(t *testing.T) {
	for name := range whole() {
		set := maps.Clone(whole())
		delete(set, name)
		_, err := read(set, withAll()...)
		optional := name == "AWS_SESSION_TOKEN"
		if optional != (err == nil) || !optional && err.Error() != name+" is not set" {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if _, err := read(nil, withAll()...); err == nil || strings.Count(err.Error(), "is not set") != 9 {
		t.Errorf("an empty environment: %v", err)
	}
}

func TestKeysAreNeededWhereTheyAreUsedOnly(t *testing.T) {
	for name, with := range map[string][]Option{
		"STRONGROOM_STORAGE_KEY": {WithSigner(awskms.OpenSigner)}, "STRONGROOM_SIGNING_KEY": {WithKeys(awskms.Open)},
	} {
		set := whole()
		delete(set, name)
		if _, err := read(set); err != nil {
			t.Error(err)
		}
		if _, err := read(set, with...); err != nil {
			t.Errorf("%s is not used: %v", name, err)
		}
	}
}

func TestMalformedVariablesAreNamed(t *testing.T) {
	for name, values := range map[string][]string{
		"STRONGROOM_ORGANIZATION": {"marked", "0190A1B2-0000-7000-8000-000000000001", "{0190a1b2-0000-7000-8000-000000000001}"},
		"STRONGROOM_ACCOUNT":      {"marked", "12345678901", "1234567890123", "12345678901a"},
	} {
		for _, value := range values {
			set := whole()
			set[name] = value
			_, err := read(set, withAll()...)
			if err == nil || !strings.HasPrefix(err.Error(), name+" is not ") || strings.Contains(err.Error(), value) {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
}
