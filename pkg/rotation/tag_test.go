package rotation

import (
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestATagNamesSecretsByTheirWholeIDs(t *testing.T) {
	id, other := uuid.New(), uuid.New()
	for value, want := range map[string]bool{
		id.String(): true, strings.ToUpper(id.String()): true, other.String() + " " + id.String(): true, id.String() + "  " + other.String(): true,
		"": false, "true": false, "*": false, other.String(): false, id.String()[1:]: false, id.String() + "0": false,
		id.String() + "," + other.String(): false, "x" + id.String(): false, "urn:uuid:" + id.String(): false,
	} {
		if Tagged(value, id) != want {
			t.Errorf("%q names the secret: %t, want %t", value, !want, want)
		}
	}
	if Tagged(uuid.Nil.String(), id) {
		t.Error("no secret is every secret")
	}
}

// TestATagHasRoomForSoManySecrets: 256 characters, as AWS has it.
func TestATagHasRoomForSoManySecrets(t *testing.T) {
	const most, id = 256, len("0190a1b2-0000-7000-8000-000000000001")
	if all := MaxTagged*(id+1) - 1; all > most || all+1+id <= most {
		t.Errorf("%d ids have %d characters", MaxTagged, all)
	}
}
