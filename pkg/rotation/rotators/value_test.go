package rotators_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"strongroom/pkg/rotation/rotators"
)

func TestAMemberIsSetAndAllElseStaysAsItIsWritten(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{`{}`, `{"key":"new"}`},
		{` { } `, ` {"key":"new" } `},
		{`{"key":"old"}`, `{"key":"new"}`},
		{`{"a":1,"key":"old","b":{"key":"inner"}}`, `{"a":1,"key":"new","b":{"key":"inner"}}`},
		{"{\n  \"key\" : \"old\" ,\n  \"n\": 1.0e2\n}\n", "{\n  \"key\" : \"new\" ,\n  \"n\": 1.0e2\n}\n"},
		{"{\n  \"n\": 1\n}", "{\n  \"n\": 1,\"key\":\"new\"\n}"},
		{`{"k\u0065y": {"x": [1, 2]}}`, `{"k\u0065y": "new"}`},
		{`{"a": "}"}`, `{"a": "}","key":"new"}`},
	} {
		got, ok := rotators.SetMember(c.value, "key", "new")
		if diff := cmp.Diff(c.want, got); !ok || diff != "" {
			t.Errorf("%s: %t %s", c.value, ok, diff)
		}
		if text, ok := rotators.Member(got, "key"); !ok || text != "new" {
			t.Errorf("%s: the member is %q, %t", got, text, ok)
		}
	}
	for _, value := range []string{``, `text`, `"text"`, `[]`, `null`, `{`, `{"a"}`, `{"a":1}{}`, `{"a":1,"a":2}`, "{\"a\":\"\xff\"}"} {
		if got, ok := rotators.SetMember(value, "key", "new"); ok || rotators.IsObject(value) {
			t.Errorf("%q is taken for an object, and becomes %q", value, got)
		}
	}
	if _, ok := rotators.SetMember(`{}`, "key", "\xff"); ok {
		t.Error("a text that is not UTF-8 is written as JSON")
	}
	if _, ok := rotators.Member(`{"key": 1}`, "key"); ok {
		t.Error("a number is taken for a text")
	}
}

func TestOtherReadersOfJSONFindTheMemberThatWasSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "object")
		name, text := rapid.String().Draw(t, "name"), rapid.String().Draw(t, "text")
		value, err := json.MarshalIndent(object, "", rapid.SampledFrom([]string{"", " ", "\t"}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := rotators.SetMember(string(value), name, text)
		if !ok {
			t.Fatalf("%s is not taken", value)
		}
		var read map[string]string
		if err := json.Unmarshal([]byte(got), &read); err != nil {
			t.Fatal(err)
		}
		object[name] = text
		if diff := cmp.Diff(object, read); diff != "" {
			t.Error(diff)
		}
	})
}
