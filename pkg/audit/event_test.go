package audit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/audit"
)

func full() audit.Event {
	return audit.Event{
		ID: uuid.Must(uuid.NewV7()), At: time.Date(2026, 11, 26, 15, 4, 5, 6e6, time.UTC),
		Actor:    audit.Actor{Kind: audit.ByUser, ID: uuid.New(), Name: "ann", ARN: "arn:aws:sts::000000000000:assumed-role/ann/s"},
		Action:   "put-secret-access",
		Resource: audit.Resource{Kind: audit.OnSecret, ID: uuid.New(), Name: "DATABASE_URL"},
		Decision: audit.Allowed, Reason: "role owner",
		Values:  []audit.Value{{Secret: uuid.New(), Version: 1}, {Secret: uuid.New(), Version: 4_000_000_000}},
		Refused: []uuid.UUID{uuid.New()}, Changed: []string{"name", "value"},
		Grants: []audit.Grant{
			{Principal: uuid.New(), Permission: access.Manage},
			{Principal: uuid.New(), Permission: access.Read, ExpiresAt: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)},
			{Principal: uuid.New()},
		},
		Justification: "the pager went off", SourceIP: "203.0.113.7", UserAgent: "curl/8", RequestID: "r-1",
		Rotation: uuid.UUID{1, 2}, Rotator: "postgresql", RotationReason: "connection refused",
	}
}

func TestAnEventComesBackAsItWas(t *testing.T) {
	for _, want := range []audit.Event{full(), {ID: uuid.New(), At: time.UnixMilli(0).UTC(), Decision: audit.Denied}} {
		encoded := want.Encode()
		got, err := audit.Decode(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if string(got.Encode()) != string(encoded) {
			t.Error("the same event was encoded in two ways")
		}
	}
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	e := full().Encode()
	for name, b := range map[string][]byte{"nothing": nil, "cut off": e[:len(e)-1], "text": []byte("event"), "longer": append(e[:len(e):len(e)], 0)} {
		if _, err := audit.Decode(b); err == nil {
			t.Errorf("%s was taken for an event", name)
		}
	}
}

// TestSizes holds what the write units of an event rest on: the item's key and frame take less than a hundred bytes more.
func TestSizes(t *testing.T) {
	e := full()
	e.Values, e.Refused, e.Changed, e.Grants = e.Values[:1], nil, nil, nil
	e.Actor.Name, e.Reason = strings.Repeat("n", 128), "read on project "+uuid.NewString()+" through group "+uuid.NewString()
	if n := len(e.Encode()); n > 900 {
		t.Errorf("a read's event is %d bytes", n)
	}
	e.Values = make([]audit.Value, 100)
	if n := len(e.Encode()); n > 3*1024-100 {
		t.Errorf("an event of a hundred values is %d bytes", n)
	}
}

func TestHours(t *testing.T) {
	h := audit.HourOf(time.Date(2026, 12, 31, 23, 59, 59, 999, time.FixedZone("", -3600)))
	if h != "2027-01-01T00" || h.Next() != "2027-01-01T01" {
		t.Errorf("the hour is %s, the next %s", h, h.Next())
	}
	if _, err := audit.ParseHour("2027-1-1T0"); err == nil {
		t.Error("took an hour of another form")
	}
}
