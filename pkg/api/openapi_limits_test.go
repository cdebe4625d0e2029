package api_test

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/identity"
)

func TestTheLimitsAreTheConstants(t *testing.T) {
	doc := document(t)
	limit := doc.Components.Parameters["limit"].Value.Schema.Value
	if *limit.Min != 1 || *limit.Max != api.MaxLimit || limit.Default != float64(api.DefaultLimit) {
		t.Errorf("limit is %v to %v, %v by default", *limit.Min, *limit.Max, limit.Default)
	}
	ids := doc.Components.Schemas["IDs"].Value.Properties["ids"].Value
	if ids.MinItems != 1 || *ids.MaxItems != api.MaxIDs || !ids.UniqueItems {
		t.Errorf("ids are %d to %d, each once: %t", ids.MinItems, *ids.MaxItems, ids.UniqueItems)
	}
	if hint := doc.Components.Parameters["project"].Value; hint.Style != "form" || *hint.Explode {
		t.Error("the ids of a hint are not separated by commas in one parameter")
	}
	for name, want := range map[string][3]int64{
		"EventRetentionDays": {api.MinEventRetentionDays, api.MaxEventRetentionDays, api.DefaultEventRetentionDays},
		"TrashRetentionDays": {api.MinTrashRetentionDays, api.MaxTrashRetentionDays, api.DefaultTrashRetentionDays},
	} {
		days := doc.Components.Schemas[name].Value
		said := strings.Contains(days.Description, strconv.FormatInt(want[2], 10)+", unless it was set")
		if *days.Min != float64(want[0]) || *days.Max != float64(want[1]) || !said {
			t.Errorf("%s are %v to %v, %q", name, *days.Min, *days.Max, days.Description)
		}
	}
	for what, text := range map[string]string{
		"the introduction": doc.Info.Description,
		"tooLarge":         *doc.Components.Responses["tooLarge"].Value.Description,
	} {
		if !strings.Contains(text, "1,048,576 bytes") || api.MaxBody != 1_048_576 {
			t.Errorf("%s does not say that a body has at most %d bytes", what, api.MaxBody)
		}
	}
	for name, d := range operations(doc) {
		if strings.Contains(d.Description, " MB") && !strings.Contains(d.Description, strconv.Itoa(api.MaxAnswer>>20)+" MB") {
			t.Errorf("%s does not say that an answer has at most %d MB", name, api.MaxAnswer>>20)
		}
	}
}

func TestIDsHaveOneForm(t *testing.T) {
	doc := document(t)
	id := regexp.MustCompile(doc.Components.Schemas["ID"].Value.Pattern)
	newID := regexp.MustCompile(doc.Components.Schemas["NewID"].Value.Pattern)
	v4, v7 := uuid.New().String(), uuid.Must(uuid.NewV7()).String()
	for text, want := range map[string]struct{ id, newID bool }{
		v4:                      {true, false},
		v7:                      {true, true},
		uuid.Nil.String():       {true, false},
		strings.ToUpper(v7):     {false, false},
		"{" + v7 + "}":          {false, false},
		v7 + "\n":               {false, false},
		"urn:uuid:" + v7:        {false, false},
		v7[:19] + "f" + v7[20:]: {true, false}, // another variant
	} {
		if id.MatchString(text) != want.id || newID.MatchString(text) != want.newID {
			t.Errorf("%q: an id %t, a new id %t", text, id.MatchString(text), newID.MatchString(text))
		}
	}
	const letters = "abcdefab-cdef-7abc-bdef-abcdefabcdef"
	for i := range letters {
		upper := letters[:i] + strings.ToUpper(letters[i:i+1]) + letters[i+1:]
		if fits := upper == letters; id.MatchString(upper) != fits || newID.MatchString(upper) != fits {
			t.Errorf("%q: an id %t, a new id %t", upper, id.MatchString(upper), newID.MatchString(upper))
		}
	}
}

// TestWrappedKeysAreBase64: the pattern takes what standard base64 with padding decodes, but for the empty string, which
// minLength is for.
func TestWrappedKeysAreBase64(t *testing.T) {
	wrapped := document(t).Components.Schemas["NewProjectKey"].Value.Properties["wrapped"].Value
	pattern := regexp.MustCompile(wrapped.Pattern)
	if wrapped.MinLength != 4 || *wrapped.MaxLength != uint64(base64.StdEncoding.EncodedLen(1024)) {
		t.Errorf("%d to %d characters", wrapped.MinLength, *wrapped.MaxLength)
	}
	for n := range 9 {
		if text := base64.StdEncoding.EncodeToString([]byte("\xfb\xff>?wrapped")[:n]); !pattern.MatchString(text) {
			t.Errorf("%q is refused", text)
		}
	}
	for _, text := range []string{"?", "YQ", "YQ=", "Y===", "_-8=", "YQ==\n", "YQ==YQ==", " YQ==", "YQ= =", "é==="} {
		if _, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, "\n", "?")); err == nil || pattern.MatchString(text) {
			t.Errorf("%q: decodes with %v, and the pattern takes it: %t", text, err, pattern.MatchString(text))
		}
	}
}

func TestIdentitiesAreWhatCanBeBound(t *testing.T) {
	properties := document(t).Components.Schemas["Identity"].Value.Properties
	arn := regexp.MustCompile(properties["arn"].Value.Pattern)
	unique := regexp.MustCompile(properties["uniqueId"].Value.Pattern)
	const account, center = "111122223333", "AWSReservedSSO_Admin_0123456789abcdef"
	for _, c := range []struct {
		arn, uniqueID string
		fits          bool
	}{
		{"arn:aws:iam::111122223333:user/ann", "", true},
		{"arn:aws:iam::111122223333:user/a/b/ann", "AIDAEXAMPLEEXAMPLE12", true},
		{"arn:aws-cn:iam::111122223333:role/ci", "", true},
		{"arn:aws-us-gov:iam::111122223333:role/x!y/ci@+=,.-_", "AROAEXAMPLEEXAMPLE12", true},
		{"arn:aws:sts::111122223333:assumed-role/" + center + "/ann@example.com", "AROAEXAMPLEEXAMPLE12", true},
		{"arn:aws:iam::111122223333:role/" + strings.Repeat("r", 64), "", true},
		{"arn:aws:iam::111122223333:role/" + strings.Repeat("r", 65), "", false},
		{"arn:aws:iam::111122223333:role//ci", "", false},
		{"arn:aws:iam::111122223333:role/a//ci", "", false},
		{"arn:aws:iam::111122223333:role/a b", "", false},
		{"arn:aws:iam::111122223333:role/a b/ci", "", false},
		{"arn:aws:iam::111122223333:root", "", false},
		{"arn:aws:iam::111122223333:group/admins", "", false},
		{"arn:aws:iam:us-east-1:111122223333:role/ci", "", false},
		{"arn:aws-iso:iam::111122223333:role/ci", "", false},
		{"arn:aws:iam::11112222333:role/ci", "", false},
		{"arn:aws:sts::111122223333:federated-user/ann", "", false},
		{"arn:aws:sts::111122223333:assumed-role/" + center + "/a", "AROAEXAMPLEEXAMPLE12", false},
		{"arn:aws:iam::111122223333:role/ci", "AROASHORT", false},
		{"arn:aws:iam::111122223333:role/ci", "aroaexampleexample12", false},
		{"arn:aws:iam::111122223333:role/ci", "AROA" + strings.Repeat("X", 124), true},
		{"arn:aws:iam::111122223333:role/ci", "AROA" + strings.Repeat("X", 125), false},
	} {
		_, err := identity.ParseBinding(c.arn, c.uniqueID, account)
		fits := arn.MatchString(c.arn) && (c.uniqueID == "" || unique.MatchString(c.uniqueID))
		if (err == nil) != c.fits || fits != c.fits {
			t.Errorf("%s %s: the document takes it: %t; Strongroom: %v", c.arn, c.uniqueID, fits, err)
		}
	}
}
