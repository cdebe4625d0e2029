package local

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
)

// A field is a place in a request's body: names and, of lists, the first element.
type field struct {
	path []any
	kind reflect.Type
}

func (f field) String() string {
	var b strings.Builder
	for i, step := range f.path {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(step)
		}
	}
	return b.String()
}

func (f field) with(step any) []any { return append(slices.Clone(f.path), step) }

var (
	typeID   = reflect.TypeFor[uuid.UUID]()
	typeTime = reflect.TypeFor[time.Time]()
	typeBlob = reflect.TypeFor[[]byte]()
	typeJSON = reflect.TypeFor[json.RawMessage]() // an object whose fields another one decides about
)

// fieldsOf are all fields of a request's type, those within lists and objects too.
func fieldsOf(f field) []field {
	for f.kind.Kind() == reflect.Pointer {
		f.kind = f.kind.Elem()
	}
	var all []field
	if len(f.path) > 0 {
		all = append(all, f)
	}
	switch {
	case f.kind == typeID, f.kind == typeTime, f.kind == typeBlob, f.kind == typeJSON:
	case f.kind.Kind() == reflect.Slice:
		all = append(all, fieldsOf(field{f.with(0), f.kind.Elem()})...)
	case f.kind.Kind() == reflect.Struct:
		for _, of := range reflect.VisibleFields(f.kind) {
			if of.Anonymous {
				continue // its fields are visible themselves
			}
			name, _, _ := strings.Cut(of.Tag.Get("json"), ",")
			all = append(all, fieldsOf(field{f.with(name), of.Type})...)
		}
	}
	return all
}

// A mistake is what is put into a field: JSON text, or what looks like it.
type mistake struct {
	name, text string
	// at is where in the field the mistake is: "[1]" of a list, or "X" behind its name; empty for the field itself.
	at string
}

// mistakes are those that may be made with a field of that type.
func mistakes(kind reflect.Type) []mistake {
	all := []mistake{
		{name: "nested deep", text: strings.Repeat("[", 20) + strings.Repeat("]", 20)},
		{name: "nested very deep", text: strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)},
	}
	right := `"`
	switch {
	case kind == typeID:
		all = append(all, strange("malformed", badIDs)...)
		all = append(all, strange("nil", []string{uuid.Nil.String()})...)
	case kind == typeTime:
		all = append(all, strange("malformed", badTimes)...)
	case kind == typeBlob:
		all = append(all, strange("malformed", []string{"?", "YQ", "_-8=", strings.Repeat("AAAA", 400), "YQ==\\n"})...)
	case kind == typeJSON:
		right = "{"
	case kind == reflect.TypeFor[access.Permission](), kind == reflect.TypeFor[access.Role](),
		kind == reflect.TypeFor[access.Kind](), kind == reflect.TypeFor[api.Encryption]():
		all = append(all, strange("unknown word", []string{"everything", "READ", "none", " read"})...)
	case kind.Kind() == reflect.Slice:
		right, all = "[", append(all, listMistakes(kind.Elem())...)
	case kind.Kind() == reflect.Struct:
		right, all = "{", append(all, mistake{name: "empty", text: "{}"})
	case kind.Kind() == reflect.Bool:
		right = "t"
	case kind.Kind() == reflect.Int64:
		right = "1"
		for _, number := range []string{"-1", "0", "1.5", "1e400", "9223372036854775808", "99999999999", "-9223372036854775808"} {
			all = append(all, mistake{name: "number", text: number})
		}
	}
	if right == `"` {
		all = append(all, textMistakes...)
	}
	for _, text := range []string{`"text"`, "1", "true", "null", "[]", "{}"} {
		if text[:1] != right {
			all = append(all, mistake{name: "wrong type", text: text})
		}
	}
	return all
}

var textMistakes = []mistake{
	{name: "too long", text: `"` + strings.Repeat("x", 300_000) + `"`},
	{name: "empty", text: `""`},
	{name: "NUL", text: `"a\u0000b"`},
	{name: "invalid UTF-8", text: "\"a\xffb\""},
	{name: "overlong UTF-8", text: "\"a\xc0\x80b\""},
	{name: "lone surrogate", text: `"a\ud800"`},
	{name: "raw line break", text: "\"a\nb\""},
	{name: "bad escape", text: `"a\x"`},
}

var badIDs = []string{
	"01A20A35-6080-7000-8000-000000000013", "{01a20a35-6080-7000-8000-000000000013}",
	"urn:uuid:01a20a35-6080-7000-8000-000000000013", "01a20a3560807000800000000000013", "01a20a35608070008000000000000013",
	"01a20a35-6080-7000-8000-00000000001", "01a20a35-6080-7000-8000-00000000001g", " 01a20a35-6080-7000-8000-000000000013",
}

var badTimes = []string{
	"2026-12-01", "2026-12-01T00:00:00", "2026-12-01T00:00:00+00:00", "2026-12-01T00:00:00z", "2026-12-01 00:00:00Z",
	"2026-02-30T00:00:00Z", "2026-12-01T24:00:00Z", "2026-12-01T1:00:00Z", "2026-12-01T00:00:00,5Z", "99999-12-01T00:00:00Z",
	"0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "2026-11-23T21:00:00Z", "-2026-12-01T00:00:00Z",
}

func strange(name string, texts []string) []mistake {
	all := make([]mistake, len(texts))
	for i, text := range texts {
		all[i] = mistake{name: name, text: `"` + text + `"`}
	}
	return all
}

func listMistakes(element reflect.Type) []mistake {
	id := func(i int) string { return fmt.Sprintf("%s%012d", idPrefix, 1000+i) }
	one := func(i int) string { return `"` + id(i) + `"` }
	switch element {
	case reflect.TypeFor[api.Grant]():
		one = func(i int) string { return `{"principal":{"id":"` + id(i) + `"},"permission":"read"}` }
	case reflect.TypeFor[api.Identity]():
		one = func(i int) string { return fmt.Sprintf(`{"arn":"%s%d"}`, roleARN("r"), i) }
	}
	many := make([]string, 1000)
	for i := range many {
		many[i] = one(i)
	}
	return []mistake{
		{name: "empty", text: "[]"},
		{name: "a thousand", text: "[" + strings.Join(many, ",") + "]"},
		{name: "ten thousand", text: "[" + strings.Join(slices.Repeat(many, 10), ",") + "]"},
		{name: "twice", text: "[" + one(0) + "," + one(0) + "]", at: "[1]"},
	}
}
