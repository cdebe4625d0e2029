package app_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/app"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// batch is the sample payload with some of its text replaced.
func batch(t *testing.T, replacements ...string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/stream.json")
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(replacements...).Replace(string(data))
	if len(replacements) > 0 && changed == string(data) {
		t.Fatalf("nothing to replace by %q", replacements)
	}
	return []byte(changed)
}

// streamed has use take a payload, and answers "code: message" of the error and what was logged.
func streamed(t *testing.T, use app.StreamUse, payload []byte, partitions ...string) (failed, log string) {
	t.Helper()
	var written bytes.Buffer
	var of operation.Stream
	for _, partition := range partitions {
		of.Items = append(of.Items, operation.Items{PK: partition})
	}
	f := app.StreamFunction(withRow(t, of), use, app.Settings{
		Account: "123456789012", Log: slog.New(slog.NewJSONHandler(&written, nil)),
	})
	answer, err := f.Invoke(t.Context(), payload)
	var e messages.InvokeResponse_Error
	switch {
	case errors.As(err, &e):
		failed = e.Type + ": " + e.Message
	case err != nil || string(answer) != "null":
		t.Errorf("answered %s, %v", answer, err)
	}
	if strings.Count(written.String(), "\n") != 1 {
		t.Errorf("logged other than one line: %s", written.String())
	}
	return failed, written.String()
}

func TestStreamFunctionsGetTheChangesThatTheyWant(t *testing.T) {
	one := table.Key{PK: "PROJECT#p", SK: "SECRET#one"}
	event := table.Key{PK: "EVENT#495000#3", SK: "0190a1b2-0000-7000-8000-000000000007"}
	secret := table.Key{PK: "SECRET#s", SK: "SECRET"}
	all := []table.Change{
		{Key: event, New: &table.Item{Key: event, Attributes: map[string]any{"e": []byte{0xa5, 1, 2, 0xff}}}},
		{
			Key: one,
			Old: &table.Item{Key: one, Revision: 1795730400000, Attributes: map[string]any{"version": int64(1)}},
			New: &table.Item{
				Key: one, Revision: 1795730401000, Index2: table.Key{PK: "x", SK: "y"}, Attributes: map[string]any{
					"version": int64(2), "live": true, "ids": []any{[]byte{}, ""}, "more": map[string]any{},
				},
			},
		},
		{Key: secret, Old: &table.Item{Key: secret, Attributes: map[string]any{}}},
	}
	for name, c := range map[string]struct {
		partitions []string
		want       []table.Change
	}{
		"all":  {[]string{"EVENT#", "PROJECT#", "SECRET#"}, all},
		"some": {[]string{"PROJECT#"}, all[1:2]},
		"none": {[]string{"PRINCIPAL#"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []table.Change
			failed, log := streamed(t, func(ctx context.Context, changes []table.Change) error {
				if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > time.Minute {
					t.Error("the function has no deadline")
				}
				if len(changes) == 0 {
					t.Error("the function is woken for nothing")
				}
				got = changes
				return nil
			}, batch(t), c.partitions...)
			if diff := cmp.Diff(c.want, got); diff != "" || failed != "" {
				t.Errorf("failed %q (-want +got):\n%s", failed, diff)
			}
			if !strings.Contains(log, `"msg":"batch"`) || !strings.Contains(log, `"records":3`) {
				t.Errorf("logged %s", log)
			}
		})
	}
}

// TestABatchThatFailsComesAgain: an error is the answer, which is what makes Lambda send the batch again.
func TestABatchThatFailsComesAgain(t *testing.T) {
	const hidden = "internal: something went wrong inside Strongroom; the log has more"
	const record = "invalid: the record with sequence number "
	const foreign = "forbidden: this function takes batches of DynamoDB Streams only"
	const malformed = "invalid: this function takes batches of DynamoDB Streams only"
	for _, c := range []struct {
		name    string
		use     app.StreamUse
		payload []byte
		want    string
		log     string
	}{
		{"an error", func(context.Context, []table.Change) error { return errors.New("the table is gone") },
			batch(t), hidden, "the table is gone"},
		{"a panic", func(context.Context, []table.Change) error { panic("secret-marker") }, batch(t), hidden, "panic with a string"},
		{"a set", nil, batch(t, `{"B": "pQEC/w=="}`, `{"SS": ["secret-marker"]}`),
			record + `4421584500000000017450439091: dynamo: attribute "e": is null or a set, which are never written here`, `attribute \"e\": is null or a set`},
		{"a fraction", nil, batch(t, `"version": {"N": "2"}`, `"version": {"N": "2.5"}`),
			record + `4421584600000000017450439092: dynamo: attribute "version": is no integer of 64 bits`, `sequence number 4421584600000000017450439092: dynamo: attribute \"version\": is no integer`},
		{"no images", nil, batch(t, "NEW_AND_OLD_IMAGES", "KEYS_ONLY"),
			record + "4421584500000000017450439091: dynamo: the stream is not one of NEW_AND_OLD_IMAGES", "not one of NEW_AND_OLD_IMAGES"},
		{"an image too many", nil, batch(t, "MODIFY", "REMOVE"),
			record + "4421584600000000017450439092: dynamo: the record's images are not those of its kind of change", "not those of its kind"},
		{"other keys", nil, batch(t, `"Keys": {"PK"`, `"Keys": {"ID"`),
			record + "4421584500000000017450439091: dynamo: the record has no key of this table", "no key of this table"},
		{"another account", nil, batch(t, ":123456789012:", ":999999999999:"),
			"forbidden: this function serves a table of another account", "another account"},
		{"another source", nil, batch(t, "aws:dynamodb", "aws:kinesis"), foreign, "DynamoDB Streams only"},
		{"no records", nil, []byte(`{}`), malformed, "DynamoDB Streams only"},
		{"no JSON", nil, []byte(`secret-marker`), malformed, "DynamoDB Streams only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			use := c.use
			if use == nil {
				use = func(context.Context, []table.Change) error {
					t.Error("the function was called")
					return nil
				}
			}
			failed, log := streamed(t, use, c.payload, "EVENT#", "PROJECT#", "SECRET#")
			if failed != c.want || !strings.Contains(log, c.log) || !strings.Contains(log, `"msg":"batch failed"`) {
				t.Errorf("failed with %q, want %q; logged %s", failed, c.want, log)
			}
			if strings.Contains(log, "secret-marker") {
				t.Errorf("logged what is in the batch: %s", log)
			}
		})
	}
}

func TestFunctionsWithoutARoutePanicForOtherOperations(t *testing.T) {
	for name, f := range map[string]func(){
		"stream":   func() { app.StreamFunction(operation.Whoami, nil, app.Settings{}) },
		"schedule": func() { app.ScheduleFunction(operation.CreateOrganization, nil, app.Settings{}) },
		"event":    func() { app.EventFunction(operation.CreateOrganization, nil, app.Settings{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
