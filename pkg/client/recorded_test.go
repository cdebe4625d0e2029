package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/operation"
)

// described are events as a test compares them: who, what, on what, and how it was decided.
func described(t *testing.T, all func(func(api.Event, error) bool)) (texts []string) {
	t.Helper()
	for e, err := range all {
		if err != nil {
			t.Fatal(err)
		}
		name := ""
		if e.Resource != nil {
			name = e.Resource.Name
		}
		texts = append(texts, fmt.Sprintf("%s %s %s %s", e.Actor.Name, e.Action, name, e.Decision))
	}
	return texts
}

// What was done is listed, newest first, by all that the filter says; and who read what follows.
func TestEvents(t *testing.T) {
	c := real(t, "owner")
	me, err := c.Whoami(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	project := freshServer(t, c, "recorded")
	s := set(t, c, project+"/A", "first")
	if _, err := c.Get(t.Context(), project+"/A"); err != nil {
		t.Fatal(err)
	}
	set(t, c, project+"/A", "second")
	about := client.EventFilter{Resource: s.ID}
	read, changed, made := "owner get-secret-by-name A allowed", "owner update-secret A allowed", "owner create-secret A allowed"
	for name, test := range map[string]struct {
		filter func(*client.EventFilter)
		want   []string
	}{
		"all":              {func(*client.EventFilter) {}, []string{changed, read, read, made}},
		"in small pages":   {func(f *client.EventFilter) { f.PageSize = 1 }, []string{changed, read, read, made}},
		"one action":       {func(f *client.EventFilter) { f.Action = operation.UpdateSecret }, []string{changed}},
		"this actor":       {func(f *client.EventFilter) { f.Actor = me.Principal.ID }, []string{changed, read, read, made}},
		"another actor":    {func(f *client.EventFilter) { f.Actor = uuid.Must(uuid.NewV7()) }, nil},
		"before it was":    {func(f *client.EventFilter) { f.To = s.CreatedAt.Add(-time.Minute) }, nil},
		"from when it was": {func(f *client.EventFilter) { f.From = s.CreatedAt.Add(-time.Minute) }, []string{changed, read, read, made}},
	} {
		f := about
		test.filter(&f)
		if diff := cmp.Diff(test.want, described(t, c.Events(t.Context(), f))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]string{changed, made}, described(t, c.SecretEvents(t.Context(), s.ID))); diff != "" {
		t.Errorf("the secret's (-want +got):\n%s", diff)
	}
}

// Who read a secret, and what somebody read, say the same, a moment later.
func TestReadersAndReads(t *testing.T) {
	c := real(t, "owner")
	me, err := c.Whoami(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	project := freshServer(t, c, "read by")
	s := set(t, c, project+"/A", "first")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute) // for what follows a moment later
	defer stop()
	var readers []api.Reader
	for len(readers) == 0 {
		for r, err := range c.SecretReaders(ctx, s.ID) {
			if err != nil {
				t.Fatal(err)
			}
			readers = append(readers, r)
		}
	}
	if len(readers) != 1 || readers[0].Principal.Name != "owner" || readers[0].Version != 1 || readers[0].Count != 1 {
		t.Errorf("%+v", readers)
	}
	var read *api.PrincipalRead
	for read == nil {
		for r, err := range c.PrincipalReads(ctx, me.Principal.ID) {
			if err != nil {
				t.Fatal(err)
			}
			if r.Secret.ID == s.ID {
				read = &r
			}
		}
	}
	if read.Secret.Name != "A" || read.Version != 1 || read.Count != 1 {
		t.Errorf("%+v", read)
	}
}

// Years in which nothing happened are many empty pages, each of a day. That is no list without an end.
func TestALongTimeWithoutEvents(t *testing.T) {
	s, c := newStage(t)
	const days = 1100
	asked := 0
	s.twist = func(r *http.Request, _ []byte) any {
		if !strings.HasSuffix(r.URL.Path, "/events") {
			return nil
		}
		if r.URL.Query().Get("limit") != "20" {
			t.Errorf("asked for %s", r.URL)
		}
		if asked++; asked <= days {
			return api.List[api.Event]{Data: []api.Event{}, ContinuationToken: strconv.Itoa(asked)}
		}
		return api.List[api.Event]{Data: []api.Event{{Action: "get-secret"}}, ContinuationToken: "more"}
	}
	for e, err := range c.Events(t.Context(), client.EventFilter{PageSize: 20}) {
		if err != nil || e.Action != "get-secret" {
			t.Fatalf("%+v, %v", e, err)
		}
		break
	}
	if asked != days+1 {
		t.Errorf("asked %d times", asked)
	}
	s.twist = func(*http.Request, []byte) any { return api.List[api.Event]{ContinuationToken: "same"} }
	if err := first(c.Events(t.Context(), client.EventFilter{})); !errors.As(err, new(*client.NoAnswerError)) {
		t.Errorf("the same page again: %v", err)
	}
}
