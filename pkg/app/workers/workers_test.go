package workers_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/app/workers"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

// TestTheEnvironmentSaysWhoMayBeTold, and without a word nobody may.
func TestTheEnvironmentSaysWhoMayBeTold(t *testing.T) {
	for list, allows := range map[string]bool{"": false, "other.example.com": false, "other, *.example.com:5432": true, "*": true} {
		environ := map[string]string{
			"STRONGROOM_URL": "https://strongroom.example.com", "STRONGROOM_ORGANIZATION": "0190a1b2-0000-7000-8000-000000000001",
			"STRONGROOM_CLIENT_KEY": "arn:aws:kms:us-east-1:111122223333:key/0190a1b2-0000-7000-8000-000000000002", "AWS_REGION": "us-east-1",
			"STRONGROOM_TARGETS": list,
		}
		open := func(aws.Config) rotators.Rotator { return nil }
		w, err := workers.New(t.Context(), func(name string) string { return environ[name] }, rotation.PostgreSQL, open)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.Targets.Allows("db.example.com:5432"); got != allows {
			t.Errorf("%q: %t", list, got)
		}
		environ["STRONGROOM_TARGETS"] = list + ", https://db.example.com"
		_, err = workers.New(t.Context(), func(name string) string { return environ[name] }, rotation.PostgreSQL, open)
		if err == nil || !strings.HasPrefix(err.Error(), `STRONGROOM_TARGETS: "https://db.example.com" is no target`) {
			t.Errorf("a list that is none: %v", err)
		}
	}
}
