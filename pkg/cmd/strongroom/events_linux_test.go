package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// TestASearchForEventsIsInterrupted: a search through years in which nothing more matches ends with Ctrl-C. What it has found
// is printed, without anything in it that a terminal would obey.
func TestASearchForEventsIsInterrupted(t *testing.T) {
	const evil = "\x1b]0;owned\x07\x1b[2J\u202e"
	pages, searching := atomic.Int64{}, make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var answer any
		switch {
		case strings.HasSuffix(r.URL.Path, "/me"):
			answer = api.Me{OrganizationID: uuid.MustParse("01a20a35-6080-7000-8000-000000000001"), ClientKeyARN: "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-0000000000aa",
				Principal: api.Principal{ID: uuid.MustParse("01a20a35-6080-7000-8000-000000000002")}}
		case !strings.HasSuffix(r.URL.Path, "/events"):
			answer = api.List[api.Project]{Data: []api.Project{}}
		case pages.Add(1) == 1:
			answer = api.List[api.Event]{ContinuationToken: "1", Data: []api.Event{{
				Actor:  api.EventActor{Kind: "unbound", ARN: "arn:aws:sts::000000000000:assumed-role/R/" + evil},
				Action: "get-secret" + evil, Decision: "denied", Reason: "bound to nobody" + evil, UserAgent: "agent" + evil,
				Resource: &api.EventResource{Kind: "secret", Name: "NAME" + evil}, Justification: evil, Changed: []string{evil},
			}}}
		default:
			if pages.Load() == 20 {
				searching <- true
			}
			answer = api.List[api.Event]{ContinuationToken: strconv.FormatInt(pages.Load(), 10), Data: []api.Event{}}
		}
		_ = json.NewEncoder(w).Encode(answer) // to one that has gone, perhaps
	}))
	defer server.Close()
	program, err := exec.LookPath("strongroom") // testscript put it there
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"table", "json"} {
		pages.Store(0)
		c := exec.Command(program, "events", "list", "--denied", "--limit", "0", "--output", form) //nolint:noctx // ends with Ctrl-C
		c.Dir = t.TempDir()
		c.Env = append(os.Environ(), "STRONGROOM_URL="+server.URL, "STRONGROOM_CONFIG_DIR="+t.TempDir(), "AWS_REGION=us-east-1",
			"AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=not-a-real-one", "NO_COLOR=1")
		at := sit(t, c)
		select {
		case <-searching:
		case <-time.After(patience):
			t.Fatalf("it does not search: %q", at.shows())
		}
		at.press("\x03")
		if status := at.end(); status != 130 {
			t.Errorf("%s: the status is %d", form, status)
		}
		at.await("strongroom: interrupted; there may be older events")
		shown := at.shows()
		if !strings.Contains(shown, "bound to nobody") || form == "json" && !strings.Contains(shown, `"agent\u001b]0;owned`) {
			t.Errorf("%s: what was found is not shown: %q", form, shown)
		}
		if strings.ContainsAny(shown, "\x1b\x07\u202e") {
			t.Errorf("%s: the terminal is made to do things: %q", form, shown)
		}
	}
}
