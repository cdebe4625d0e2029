package secrets

import (
	"encoding/json"
	"time"
)

// A BusEvent is an event as EventBridge delivers it
// (https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html): of our own bus, of AWS's services or of
// whoever may put one. Nobody vouches for what it says.
type BusEvent struct {
	ID     string
	Source string
	// Type is the detail type.
	Type   string
	At     time.Time
	Detail json.RawMessage
}
