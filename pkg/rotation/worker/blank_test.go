package worker

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"strongroom/pkg/api"
)

func TestValuesAreBlankedInEveryForm(t *testing.T) {
	const value = "p@ss \"wörd\"/+<&>\n\U0001F511"
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string]string{
		"plain":            value,
		"JSON":             string(encoded),
		"JSON as it is":    `"p@ss \"wörd\"/+<&>\n` + "\U0001F511" + `"`,
		"JSON in ASCII":    `"p@ss \"w\u00f6rd\"/+\u003c\u0026\u003e\n\ud83d\udd11"`,
		"Go":               strconv.Quote(value),
		"a query":          url.QueryEscape(value),
		"a path":           url.PathEscape(value),
		"a query, lower":   strings.ToLower(url.QueryEscape(value)),
		"base64":           base64.StdEncoding.EncodeToString([]byte(value)),
		"base64 for URLs":  base64.RawURLEncoding.EncodeToString([]byte(value)),
		"base64, one in":   base64.StdEncoding.EncodeToString([]byte("u" + value)),
		"base64, two in":   base64.StdEncoding.EncodeToString([]byte("u:" + value)),
		"base64, three in": base64.StdEncoding.EncodeToString([]byte("us:" + value + "!")),
		"hexadecimal":      hex.EncodeToString([]byte(value)),
		"HEXADECIMAL":      fmt.Sprintf("%X", value),
	} {
		var h handled
		h.add(value)
		got := h.blank("before " + form + " after")
		if !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") || !strings.Contains(got, blanked) || len(got) > len("before  after")+len(blanked)+12 {
			t.Errorf("%s: %q becomes %q", name, form, got)
		}
	}
}

func TestWhatIsBlanked(t *testing.T) {
	object := `{"username": "app-user", "password": "secret-word", "host": "db.example", "more": ["deep-word", {"x": "deeper-word"}], "port": 5432}`
	for name, c := range map[string]struct{ value, reason, want string }{
		"nothing":              {"secret-word", "all is well", "all is well"},
		"a member":             {object, "secret-word was refused", "[value] was refused"},
		"a member deep within": {object, "deep-word and deeper-word", "[value] and [value]"},
		"no name":              {object, "app-user at db.example:5432", "app-user at db.example:5432"},
		"the whole":            {object, "it is " + object, "it is [value]"},
		"a short value":        {"abc", "the abc of it", withheld},
		"a short value's form": {"a c", "a%20c", withheld},
		"a short member":       {`{"mode": "a", "password": "secret-word"}`, "a secret-word on a port", "a [value] on a port"},
		"a port":               {`{"port": "5432"}`, "no answer at db.example:5432", "no answer at db.example:5432"},
		"a short password":     {`{"password": "abc"}`, "the abc of it", withheld},
		"no short value":       {"abc", "all is well", "all is well"},
		"an empty value":       {"", "all is well", "all is well"},
		"what can't be shown":  {"secret-word", "one\r\n\x1b[31mtwo\xff", "one [31mtwo\uFFFD"},
	} {
		var h handled
		h.add(c.value)
		if got := h.blank(c.reason); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", name, c.reason, got, c.want)
		}
	}
}

func TestReasonsAreCutBetweenCharacters(t *testing.T) {
	var h handled
	for n := range 8 {
		got := h.blank(strings.Repeat("x", n) + strings.Repeat("é\U0001F511", 500))
		if len(got) > api.MaxRotationFailure || len(got) < api.MaxRotationFailure-8 || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
			t.Errorf("%d bytes: %q", len(got), got)
		}
	}
}

func TestNoReasonHoldsAnyValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringN(shortValue, 40, -1).Draw(t, "value")
		before, after := rapid.String().Draw(t, "before"), rapid.String().Draw(t, "after")
		var h handled
		h.add(value)
		got := h.blank(before + value + after)
		if strings.Contains(strings.ReplaceAll(got, blanked, ""), value) && !strings.Contains(before+blanked+after, value) {
			t.Errorf("%q", got)
		}
		if !h.in(before + url.QueryEscape(value) + after) {
			t.Error("a note may hold it")
		}
	})
}
