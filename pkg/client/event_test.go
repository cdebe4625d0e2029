package client_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

var someTimes = client.EventTimes{
	From: time.Date(2026, 11, 26, 16, 0, 0, 0, time.FixedZone("", 3600)), To: time.Date(2026, 11, 26, 17, 30, 0, 0, time.UTC),
}

func TestAnExportIsReadPageByPage(t *testing.T) {
	d := newDouble(t)
	id := uuid.New()
	d.twist = func(r *http.Request, _ []byte) any {
		if !strings.HasSuffix(r.URL.Path, "/events/export") {
			return nil
		}
		page := api.EventExport{From: "2026-11-26T15", To: "2026-11-26T17", Data: []api.ExportedPart{}}
		switch r.URL.Query().Get("continuationToken") {
		case "":
			page.ContinuationToken = "a"
		case "a":
			page.Data = []api.ExportedPart{{Event: &api.ExportedEvent{Hour: "2026-11-26T15", Shard: "0", ID: id, Stored: []byte("e")}}}
			page.ContinuationToken = "b"
		}
		return page
	}
	var got []api.EventExport
	for page, err := range d.client(nil, nil).ExportEvents(t.Context(), someTimes) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page)
	}
	if len(got) != 3 || len(got[1].Data) != 1 || got[1].Data[0].Event.ID != id || got[2].To != "2026-11-26T17" {
		t.Errorf("%+v", got)
	}
	var asked []string
	for _, sent := range d.sent {
		if strings.Contains(sent, "/events/export?") {
			asked = append(asked, strings.TrimSpace(sent[strings.Index(sent, "?"):]))
		}
	}
	want := []string{
		"?from=2026-11-26T15%3A00%3A00Z&to=2026-11-26T17%3A30%3A00Z", "?continuationToken=a&from=2026-11-26T15%3A00%3A00Z&to=2026-11-26T17%3A30%3A00Z",
		"?continuationToken=b&from=2026-11-26T15%3A00%3A00Z&to=2026-11-26T17%3A30%3A00Z",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestAnExportWithoutAnEndEnds(t *testing.T) {
	d := newDouble(t)
	d.twist = func(r *http.Request, _ []byte) any {
		if !strings.HasSuffix(r.URL.Path, "/events/export") {
			return nil
		}
		return api.EventExport{ContinuationToken: "again"}
	}
	pages := 0
	var last error
	for _, err := range d.client(nil, nil).ExportEvents(t.Context(), client.EventTimes{}) {
		pages++
		last = err
	}
	if last == nil || pages != 3 {
		t.Errorf("%d pages, %v", pages, last)
	}
}

func TestSealsAreListed(t *testing.T) {
	d := newDouble(t)
	d.twist = func(r *http.Request, _ []byte) any {
		if !strings.HasSuffix(r.URL.Path, "/seals") {
			return nil
		}
		return api.List[api.SealEntry]{Data: []api.SealEntry{{Kind: api.SealOfHour, Hour: "2026-11-26T15", Signed: api.Signed{Body: []byte("b")}}}}
	}
	for e, err := range d.client(nil, nil).Seals(t.Context(), someTimes) {
		if err != nil || e.Hour != "2026-11-26T15" || string(e.Body) != "b" {
			t.Errorf("%+v, %v", e, err)
		}
	}
	if !slices.ContainsFunc(d.sent, func(sent string) bool { return strings.Contains(sent, "/seals?from=2026-11-26T15") }) {
		t.Errorf("sent %v", d.sent)
	}
}
