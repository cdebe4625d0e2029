package rotators

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

const most = 300

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
		"JSON, all upper":  `"p@ss \"w\u00F6rd\"/+\u003C\u0026\u003E\n\uD83D\uDD11"`,
		"JSON, some upper": `"p@ss \"w\u00F6rd\"/+<&>\n\uD83D\uDD11"`,
		"JSON, some lower": `"p@ss \"w\u00f6rd\"/+<&>\n\ud83d\udd11"`,
		"Go":               strconv.Quote(value),
		"Go in ASCII":      strconv.QuoteToASCII(value),
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
		var v Values
		v.Add(value)
		got := v.Blank("before "+form+" after", most)
		if !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") || !strings.Contains(got, blanked) || len(got) > len("before  after")+len(blanked)+12 {
			t.Errorf("%s: %q becomes %q", name, form, got)
		}
	}
}

func TestWhatIsBlanked(t *testing.T) {
	object := `{"username": "app-user", "password": "secret-word", "host": "db.example", "more": ["deep-word", {"x": "deeper-word"}], "port": 5432}`
	for name, c := range map[string]struct{ value, reason, want string }{
		"none":                 {"secret-word", "all is well", "all is well"},
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
		"an empty value":       {"", "all is well, AAA", "all is well, AAA"},
		"a blank value":        {" \n", "all is well, AAA", "all is well, AAA"},
		"a line's end":         {"secret-word\n", "secret-word was refused", "[value] was refused"},
		"a number":             {`{"pin": 83619274, "n": 12}`, "83619274 of 12", "[value] of 12"},
		"a number as written":  {`{"pin": 1.50e10}`, "not 1.50e10", "not [value]"},
		"a long number":        {`[12345678901234567890123]`, "not 12345678901234567890123", "not [value]"},
		"a port's number":      {`{"port": 543210}`, "no answer at db.example:543210", "no answer at db.example:543210"},
		"a short number":       {`{"key": 12}`, "not 12", withheld},
		"a line of many":       {"-----BEGIN KEY-----\r\nMIIEvQIBADANBgkqhkiG9w0\r\nshort\r\n-----END KEY-----\n", "bad: MIIEvQIBADANBgkqhkiG9w0, short", "bad: [value], short"},
		"a line of a member":   {`{"pem": "BEGIN\nMIIEvQIBADANBgkqhkiG9w0\nEND"}`, "bad: MIIEvQIBADANBgkqhkiG9w0", "bad: [value]"},
		"one line alone":       {"one two three four five", "one two three four", "one two three four"},
		"marks apart":          {"pa\u00dfw\u00f6rter", "pa\u00dfwo\u0308rter was refused", "[value] was refused"},
		"marks not apart":      {"pa\u00dfwo\u0308rter", "pa\u00dfw\u00f6rter was refused", "[value] was refused"},
		"words in two lines":   {"secret word", "secret\r\nword was refused", "[value] was refused"},
		"short, in two lines":  {"a b", "a\nb was refused", withheld},
		"nothing":              {"secret-word", "", unsaid},
		"nothing to be seen":   {"secret-word", " \n\u200b", unsaid},
		"a name, marks apart":  {"secret-word", "donne\u0301es", "donn\u00e9es"},
		"what can't be shown":  {"secret-word", "one\r\n\x1b[31mtwo\xff", "one [31mtwo\uFFFD"},
	} {
		var v Values
		v.Add(c.value)
		if got := v.Blank(c.reason, most); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", name, c.reason, got, c.want)
		}
	}
}

func TestWhatOthersSayIsShownWithoutTheTasksValues(t *testing.T) {
	pending, old := "pending-value", "old-value"
	task := &Task{Current: `{"username": "app", "password": "current-value"}`, Pending: &pending, Old: &old, Further: map[uuid.UUID]string{{1}: "further-value"}}
	for said, want := range map[string]string{
		"the user app is locked":                       "the user app is locked",
		"wrong passwords current-value, pending-value": "wrong passwords [value], [value]",
		"nor old-value nor further-value":              "nor [value] nor [value]",
		strings.Repeat("x", 190) + "pending-value":     strings.Repeat("x", 190) + "[value]",
		strings.Repeat("x", 2*MaxSaid):                 strings.Repeat("x", MaxSaid-len("…")) + "…",
	} {
		if got := task.Said(said); got != want {
			t.Errorf("%q is shown as %q; want %q", said, got, want)
		}
	}
}

func TestAReasonIsLookedThroughInNoTime(t *testing.T) {
	var v Values
	for i := range 64 << 10 / 32 {
		v.Add(fmt.Sprintf("line %025d\n", i))
	}
	began := time.Now()
	if got := v.Blank(strings.Repeat("x ", longReason/2), most); !strings.HasPrefix(got, "x x x") {
		t.Errorf("%q", got)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	if got := v.Blank(strings.Repeat("x", longReason+1), most); got != tooLong {
		t.Errorf("%q", got)
	}
}

func TestReasonsAreCutBetweenCharacters(t *testing.T) {
	var v Values
	for n := range 8 {
		got := v.Blank(strings.Repeat("x", n)+strings.Repeat("é\U0001F511", 500), most)
		if len(got) > most || len(got) < most-8 || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
			t.Errorf("%d bytes: %q", len(got), got)
		}
	}
}

func TestNoReasonHoldsAnyValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringN(shortValue, 40, -1).Draw(t, "value")
		before, after := rapid.String().Draw(t, "before"), rapid.String().Draw(t, "after")
		var v Values
		v.Add(value)
		got := v.Blank(before+value+after, most)
		if strings.Contains(strings.ReplaceAll(got, blanked, ""), value) && !strings.Contains(before+blanked+after, value) {
			t.Errorf("%q", got)
		}
		if !v.In(before + url.QueryEscape(value) + after) {
			t.Error("a note may hold it")
		}
	})
}

// TestWhatIsSaidInsteadOfAReason: it stands as it is, and nothing of the reason does.
func TestWhatIsSaidInsteadOfAReason(t *testing.T) {
	var v Values
	v.Add("abc")
	v.Instead("the abc could not be set")
	v.Instead("taking it back failed")
	if got := v.Blank("all is well", 40); got != "all is well" {
		t.Errorf("without need, it says %q", got)
	}
	want := "the abc could not be set; taking it back failed; what was said of it is withheld, since it may hold a value"
	if got := v.Blank("the server says abc-and-more", 40); got != want {
		t.Errorf("it says %q; want %q", got, want)
	}
}
