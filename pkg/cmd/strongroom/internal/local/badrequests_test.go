package local

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// TestBadPaths: a path parameter that is none is named; API Gateway decodes paths.
func TestBadPaths(t *testing.T) {
	sent := 0
	eachRoute(t, func(t *testing.T, p *probe) {
		for _, name := range p.route.PathParameters() {
			values := append([]string{"", "x", ".", "..", "a%2Fb", "%", "a b", "a\x00b", "é", "?", "#", "*", strings.Repeat("x", 9000)}, badIDs...)
			if name == "version" {
				values = append(values, "0", "-1", "+1", "01", "1.0", "1e1", "9223372036854775808", "10000000000", "current")
			}
			for _, value := range values {
				sent++
				t.Run(fmt.Sprintf("%s/%.40q", name, value), func(t *testing.T) {
					p.wantRefused(t, p.base.withParameter(p.route, name, value), name)
				})
			}
			t.Run(name+"/with a slash", func(t *testing.T) { // no route of API Gateway's leads here
				p.wantRefused(t, p.base.withParameter(p.route, name, "a/b"), "")
			})
		}
		p.wantBase(t)
	})
	if sent < 500 {
		t.Errorf("only %d bad paths", sent)
	}
}

// badQuery are wrong values of query parameters, as they stand in a query.
var badQuery = map[string][]string{
	"limit":             {"0", "-1", "501", "x", "1.5", "1e2", "99999999999999999999", "%00", "", "+"},
	"continuationToken": badTokens(),
	"kind":              {"", "robot", "USER", "%ff", strings.Repeat("x", 9000)},
	"namePrefix":        {strings.Repeat("x", 513), "%ff", "%ed%a0%80"},
	"name":              {"", strings.Repeat("x", 513), "%00", "%ff", "a%0Ab", "e%CC%81"},
	"project":           {"x", "%ff", badIDs[0], badIDs[1], badIDs[2], fixedID(31).String() + ",", elevenIDs(), twice(fixedID(31).String())},
	"principalId":       append([]string{"", "x", "%ff"}, badIDs...),
	"projectId":         append([]string{"", "x", "%ff"}, badIDs...),
	"secretId":          append([]string{"", "x", "%ff"}, badIDs...),
	"permission":        {"", "none", "see", "READ", "owner", "%ff"},
	"from":              {"", "yesterday", "2027-01-01T00:00:00Z", "2026-11-23T21:00:00+01:00", "2026-11-23", "%ff"},
	"to":                {"", "now", "2026-11-23T21:00:00", "2026-13-01T00:00:00Z", "%ff"},
	"action":            {"", "read", "GET-SECRET", "%ff", strings.Repeat("x", 9000)},
	"actorId":           {"", "x", "%ff", badIDs[0], badIDs[1], badIDs[2]},
	"resourceId":        {"", "x", "%ff", badIDs[0], badIDs[1], badIDs[2]},
	"due":               {"", "yesterday", "NOW", "2026-11-23T21:00:00", "2026-13-01T00:00:00Z", "%ff"},
	"leaver":            {"", "x", "%ff", badIDs[0], badIDs[1], badIDs[2]},
	"force":             {"", "yes", "TRUE", "1", "%ff"},
}

func twice(text string) string { return text + "," + text }

func elevenIDs() string {
	ids := make([]string, 11)
	for i := range ids {
		ids[i] = fixedID(i).String()
	}
	return strings.Join(ids, ",")
}

// badTokens are continuation tokens that no list answered: broken, and well made ones that say what they can't.
func badTokens() []string {
	tokens := []string{
		"x", "%ff", "%00", "null", "e30", "e30=", "bnVsbA", "AAAA", strings.Repeat("A", 9000),
		token(`{"l":"nothing","a":["x"]}`), token(`{"l":"secrets","a":null}`), token(`{"l":"secrets","a":[1]}`),
	}
	for _, list := range []string{"projects", "principals", "members", "project-secrets", "project-values", "versions", "secrets",
		"principal-access", "secret-principals", "events", "secret-events", "readers", "reads", "seals", "export", "rotations", "leaver"} {
		long := strings.Repeat("x", 2000)
		tokens = append(tokens,
			token(fmt.Sprintf(`{"l":%q,"a":[]}`, list)),
			token(fmt.Sprintf(`{"l":%q,"a":[%q]}`, list, long)),
			token(fmt.Sprintf(`{"l":%q,"a":[%q,%q]}`, list, long, fixedID(51))),
			token(fmt.Sprintf(`{"l":%q,"a":["A","not an id"]}`, list)),
			token(fmt.Sprintf(`{"l":%q,"a":["A"],"x":1}`, list)),
			token(fmt.Sprintf(`{"a":["A"],"l":%q}`, list)),
			token(fmt.Sprintf("{\"l\":%q,\"a\":[\"\xff\"]}", list)),
			token(fmt.Sprintf(`{"l":%q,"a":["\ud800"]}`, list)),
			token(fmt.Sprintf(`{"l":%q,"a":["A"]}{}`, list)),
			"%3D"+token(fmt.Sprintf(`{"l":%q,"a":["A"]}`, list)),
		)
	}
	return tokens
}

func token(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestBadQueries(t *testing.T) {
	sent := 0
	eachRoute(t, func(t *testing.T, p *probe) {
		for _, name := range p.route.Query {
			values, ok := badQuery[name]
			if !ok {
				t.Errorf("no mistake is known for %s", name)
			}
			for _, value := range values {
				sent++
				t.Run(fmt.Sprintf("%s/%.60q", name, value), func(t *testing.T) {
					p.wantRefused(t, p.base.withQuery(name+"="+value), name)
				})
			}
			t.Run(name+"/repeated", func(t *testing.T) {
				p.wantRefused(t, p.base.withQuery(name+"=1&"+name+"=1"), name)
			})
		}
		t.Run("unknown", func(t *testing.T) { p.wantRefused(t, p.base.withQuery("unknown=1"), "unknown") })
		for _, query := range []string{"%zz", "a=%", "a;b", "%00=1", "%ff=1", "=1", "limit[]=1", strings.Repeat("x", 9000), "__proto__=1"} {
			t.Run(fmt.Sprintf("malformed/%.40q", query), func(t *testing.T) { p.wantRefused(t, p.base.withQuery(query), "") })
		}
		p.wantBase(t)
	})
	if sent < 500 {
		t.Errorf("only %d bad parameters", sent)
	}
}

// badBodies are no bodies of any operation.
var badBodies = map[string]string{
	"empty": "", "blank": " \r\n\t", "null": "null", "list": "[]", "string": `"x"`, "number": "1", "true": "true",
	"word": "secret", "form": "name=a&value=b", "XML": "<a/>", "unclosed": "{", "comma": `{"a":1,}`, "single quotes": "{'a':1}",
	"comment": "{/**/}", "two": "{} {}", "trailing": "{}x", "byte order mark": "\ufeff{}", "UTF-16": "{\x00}\x00", "NUL": "\x00",
	"NULs": strings.Repeat("\x00", 5000), "invalid UTF-8": "{\"\xff\":1}", "NaN": `{"a":NaN}`, "deep": strings.Repeat("[", 500_000),
	"deep objects": strings.Repeat(`{"a":`, 100_000), "unknown field": `{"unknown":1}`, "empty name": `{"":1}`,
	"long name": `{"` + strings.Repeat("x", 500_000) + `":1}`, "long number": `{"a":` + strings.Repeat("9", 500_000) + `}`,
	"prototype": `{"__proto__":{}}`, "other case": `{"NAME":"x","IDS":[],"GRANTS":[]}`,
}

func TestBadBodies(t *testing.T) {
	eachRoute(t, func(t *testing.T, p *probe) {
		if !p.route.Body {
			t.Run("a body", func(t *testing.T) { p.wantRefused(t, p.base.withBody([]byte("{}")), "") })
			p.wantBase(t)
			return
		}
		for name, body := range badBodies {
			t.Run(name, func(t *testing.T) { p.wantRefused(t, p.base.withBody([]byte(body)), "") })
		}
		whole := p.base.Body
		step := 1
		if testing.Short() {
			step = 9
		}
		for n := 1; n < len(whole); n += step {
			t.Run(fmt.Sprintf("truncated/%d", n), func(t *testing.T) { p.wantRefused(t, p.base.withBody([]byte(whole[:n])), "") })
		}
		t.Run("no base64", func(t *testing.T) {
			d := p.base
			d.IsBase64Encoded = true
			p.wantRefused(t, d, "")
		})
		p.trySizes(t)
		for _, kind := range []string{"text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data",
			"application/jsonx", "json", "/", ";", "application/json;=", "application/json, text/plain"} {
			t.Run("content type/"+kind, func(t *testing.T) {
				p.wantRefused(t, p.base.withHeader("content-type", kind), "Content-Type")
			})
		}
		p.wantBase(t)
	})
}

// trySizes: a body of a megabyte is read, and one of a byte more is 413.
func (p *probe) trySizes(t *testing.T) {
	for _, size := range []int{api.MaxBody + 1, 10 << 20} {
		t.Run(fmt.Sprintf("size/%d", size), func(t *testing.T) {
			body := append([]byte(p.base.Body), bytes.Repeat([]byte(" "), size-len(p.base.Body))...)
			p.wantRefused(t, p.base.withBody(body), "")
			if r := p.send(t, p.base.withBody(body)); r.StatusCode != api.Statuses[api.CodeTooLarge] {
				t.Errorf("status %d", r.StatusCode)
			}
		})
	}
	t.Run(fmt.Sprintf("size/%d", api.MaxBody), func(t *testing.T) {
		body := append([]byte(p.base.Body), bytes.Repeat([]byte(" "), api.MaxBody-len(p.base.Body))...)
		p.wantHarmless(t, p.base.withBody(body), "it is a megabyte, with spaces behind")
	})
}

// TestBadConditions: an If-Match that names no ETag of the thing is 412 where there is something to change, and never
// writes.
func TestBadConditions(t *testing.T) {
	matching := 0
	eachRoute(t, func(t *testing.T, p *probe) {
		if _, ok := p.base.Headers["if-match"]; !ok {
			return
		}
		matching++
		for _, tag := range []string{"x", `"`, `""`, `"x"`, `"-1"`, `"99999999999999999999"`, `W/"2"`, `2`, ",", "\x00", "é", strings.Repeat(`"7",`, 2000)} {
			t.Run(fmt.Sprintf("%.20q", tag), func(t *testing.T) {
				p.wantRefused(t, p.base.withHeader("if-match", tag), "")
			})
		}
		p.wantBase(t)
	})
	if matching < 3 {
		t.Errorf("%d operations were tried", matching)
	}
}

// badInvocations are what create-organization is not invoked with, and the field at fault.
var badInvocations = []struct{ name, payload, field string }{
	{"nothing", "", ""}, {"null", "null", "body"}, {"list", "[]", "body"}, {"no JSON", "{", ""}, {"empty", "{}", "name"},
	{"an event", `{"version":"2.0"}`, "version"},
	{"wrong type", `{"name":1,"ownerName":"a","ownerArn":"b"}`, "name"},
	{"too long", `{"name":"` + strings.Repeat("x", 129) + `","ownerName":"a","ownerArn":"` + ownerARN + `"}`, "name"},
	{"NUL", `{"name":"a","ownerName":"a\u0000","ownerArn":"` + ownerARN + `"}`, "ownerName"},
	{"malformed ARN", `{"name":"a","ownerName":"a","ownerArn":"owner"}`, "ownerArn"},
	{"no owner", `{"name":"a"}`, "ownerName"},
	{"a unique id that is none", `{"name":"a","ownerName":"a","ownerArn":"` + ownerARN + `","uniqueId":"x"}`, "ownerArn"},
	{"the ARN of the other form", `{"name":"a","ownerName":"a","ownerArn":"` + ownerARN + `","arn":"` + ownerARN + `"}`, "arn"},
	{"invalid UTF-8", "{\"name\":\"\xff\"}", "name"},
	{"twice", `{"name":"a","name":"a"}`, "name"},
	{"both forms", `{"name":"a","recoverOwner":"owner","arn":"` + ownerARN + `"}`, "recoverOwner"},
	{"recovery without ARN", `{"recoverOwner":"owner"}`, "arn"},
	{"a long name to recover", `{"recoverOwner":"` + strings.Repeat("x", 5000) + `","arn":"` + ownerARN + `"}`, "recoverOwner"},
	{"a strange name to recover", `{"recoverOwner":"a\u0000","arn":"` + ownerARN + `"}`, "recoverOwner"},
}

func TestBadInvocations(t *testing.T) {
	for _, c := range badInvocations {
		t.Run(c.name, func(t *testing.T) {
			p := newProbe(t, operation.MustLookup(operation.GetOrganization)) // for its counter
			answer, err := p.function(operation.CreateOrganization, slog.New(slog.DiscardHandler)).Invoke(t.Context(), json.RawMessage(c.payload))
			r := invoked(t, answer, err)
			if r.Error == nil || api.Statuses[api.Code(r.Error.Type)] < 400 || api.Statuses[api.Code(r.Error.Type)] > 499 {
				t.Fatalf("got %s, %+v", r.Body, r.Error)
			}
			if c.field != "" && !strings.Contains(r.Error.Message, c.field) {
				t.Errorf("%q does not name %s", r.Error.Message, c.field)
			}
			if n := p.counter.writes.Load(); n > 0 {
				t.Errorf("%d transactions were written", n)
			}
		})
	}
}
