package api_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/audit"
)

func TestEventsAsTheyAreShown(t *testing.T) {
	id := func(n byte) uuid.UUID { return uuid.UUID{15: n} }
	at := time.Date(2026, 11, 26, 15, 4, 5, 6e6, time.UTC)
	for want, e := range map[string]audit.Event{
		`{"id":"00000000-0000-0000-0000-000000000001","at":"2026-11-26T15:04:05.006Z",` +
			`"actor":{"kind":"user","id":"00000000-0000-0000-0000-000000000002","name":"ann","arn":"arn"},"action":"put-secret-access",` +
			`"resource":{"kind":"secret","id":"00000000-0000-0000-0000-000000000003","name":"A"},"decision":"allowed","reason":"role owner",` +
			`"values":[{"secretId":"00000000-0000-0000-0000-000000000003","version":2}],"refused":["00000000-0000-0000-0000-000000000004"],` +
			`"changed":["value"],"grants":[{"principalId":"00000000-0000-0000-0000-000000000005","permission":"read","expiresAt":"2026-11-26T15:04:05.006Z"},` +
			`{"principalId":"00000000-0000-0000-0000-000000000006"}],"justification":"why","rotationId":"00000000-0000-0000-0000-000000000007","rotator":"random","rotationReason":"refused","sourceIp":"203.0.113.7","userAgent":"curl","requestId":"r"}`: {
			ID: id(1), At: at, Actor: audit.Actor{Kind: audit.ByUser, ID: id(2), Name: "ann", ARN: "arn"}, Action: "put-secret-access",
			Resource: audit.Resource{Kind: audit.OnSecret, ID: id(3), Name: "A"}, Decision: audit.Allowed, Reason: "role owner",
			Values: []audit.Value{{Secret: id(3), Version: 2}}, Refused: []uuid.UUID{id(4)}, Changed: []string{"value"},
			Grants:        []audit.Grant{{Principal: id(5), Permission: access.Read, ExpiresAt: at}, {Principal: id(6)}},
			Justification: "why", Rotation: id(7), Rotator: "random", RotationReason: "refused", SourceIP: "203.0.113.7", UserAgent: "curl", RequestID: "r",
		},
		`{"id":"00000000-0000-0000-0000-000000000001","at":"2026-11-26T15:04:05.006Z","actor":{"kind":"unbound","arn":"arn"},` +
			`"action":"whoami","decision":"denied"}`: {
			ID: id(1), At: at, Actor: audit.Actor{Kind: audit.ByUnbound, ARN: "arn"}, Action: "whoami", Decision: audit.Denied,
		},
	} {
		got, err := json.Marshal(api.EventOf(e))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
