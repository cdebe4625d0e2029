package api

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// The limits of what is said of rotations, in bytes.
const (
	MaxRotationSettings = 8 << 10
	MaxRotationEvery    = 256
	MaxRotationFailure  = 512 // why an attempt failed
	MaxRotationNote     = 1024
	MaxPublicID         = 128
)

// PutRotation is put-rotation's request: how a secret is rotated from now on, wholly.
type PutRotation struct {
	// Every is the time from one rotation to the next ("30d", "12h"), or a cron expression of five fields in UTC. Where it is
	// empty, the secret is rotated when that is asked for alone.
	Every string `json:"every,omitempty"`
	// Window is within which time after its moment a rotation begins ("2h"): each secret has its own moment in it. It is no longer than
	// the time from one rotation to the next, and does not add to that.
	Window string `json:"window,omitempty"`
	// Rotator is what rotates it, and Settings the settings of that, which hold no value.
	Rotator  string           `json:"rotator"`
	Settings json.RawMessage  `json:"settings,omitempty"`
	Readers  *RotationReaders `json:"readers,omitempty"`
}

// RotationReaders says for whom an old value goes on working, where a rotator can keep it. All are durations ("30d").
type RotationReaders struct {
	// Within is how long ago somebody must have read an older version to be waited for.
	Within string `json:"within,omitempty"`
	// Deadline is how long the old value works at most.
	Deadline string `json:"deadline,omitempty"`
	// Grace is how long it works on after the last reader has read the new one.
	Grace string `json:"grace,omitempty"`
}

// A Rotation is how a secret is rotated, and how that goes.
type Rotation struct {
	SecretID uuid.UUID       `json:"secretId"`
	Every    string          `json:"every,omitempty"`
	Window   string          `json:"window,omitempty"`
	Rotator  string          `json:"rotator"`
	Settings json.RawMessage `json:"settings"`
	// Readers are absent where the old value does not go on working.
	Readers   *RotationReaders `json:"readers,omitempty"`
	CreatedAt time.Time        `json:"createdAt"`
	// SetBy is who set it so, or set the same again since, and SetAt when: both absent where nobody knows.
	SetBy *RotationSetter `json:"setBy,omitempty"`
	SetAt *time.Time      `json:"setAt,omitempty"`
	// NextAt is when the next one is due by itself.
	NextAt *time.Time `json:"nextAt,omitempty"`
	// LastRotatedAt is when a rotation was finished last, and LastVersion the version that it made.
	LastRotatedAt *time.Time `json:"lastRotatedAt,omitempty"`
	LastVersion   int64      `json:"lastVersion,omitempty"`
	// Run is the latest rotation, under way or over.
	Run  *RotationRun `json:"run,omitempty"`
	ETag string       `json:"etag"`
}

// A RotationSetter is who set how a secret is rotated, and with that where its new values go.
type RotationSetter struct {
	Actor
	// Left says how it left since; empty while it is there.
	Left Departure `json:"left,omitempty"`
}

// A Departure is how a principal left.
type Departure string

// The ways to leave.
const (
	LeftDisabled Departure = "disabled"
	LeftDeleted  Departure = "deleted"
)

// RotationState is how far a rotation is.
type RotationState string

// The states of a rotation.
const (
	RotationDue     RotationState = "due"
	RotationRunning RotationState = "running"
	RotationWaiting RotationState = "waiting"
	RotationDone    RotationState = "done"
	RotationFailed  RotationState = "failed"
)

// RotationStep is what a rotation does next, or did last.
type RotationStep string

// The steps of a rotation, in their order.
const (
	StepCreate RotationStep = "create"
	StepSet    RotationStep = "set"
	StepTest   RotationStep = "test"
	StepFinish RotationStep = "finish"
	StepRetire RotationStep = "retire"
)

// RotationCause is why a secret is rotated.
type RotationCause string

// The causes of a rotation.
const (
	CauseSchedule RotationCause = "schedule"
	CauseRequest  RotationCause = "request"
	CauseLeaver   RotationCause = "leaver"
	CauseLeak     RotationCause = "leak"
	CauseEvent    RotationCause = "event" // a rule of the user's
)

// A RotationRun is one rotation of a secret.
type RotationRun struct {
	ID    uuid.UUID     `json:"id"`
	State RotationState `json:"state"`
	Step  RotationStep  `json:"step"`
	Cause RotationCause `json:"cause"`
	// Because is the cause in words: who asked, who left, what leaked. Who may not see how the secret is rotated is not told it.
	Because     string     `json:"because,omitempty"`
	RequestedAt time.Time  `json:"requestedAt"`
	StartedAt   *time.Time `json:"startedAt,omitempty"`
	FinishedAt  *time.Time `json:"finishedAt,omitempty"`
	// Attempts counts how often a worker took it, for the steps up to finish and again for retire.
	Attempts int64 `json:"attempts"`
	// TryAt is when a worker is asked for again, after a failure.
	TryAt *time.Time `json:"tryAt,omitempty"`
	// From is the version that is replaced, Version the one that it made: pending until it is finished.
	From    int64 `json:"from,omitempty"`
	Version int64 `json:"version,omitempty"`
	// Reason is why the last attempt failed; of one that is done, what else is to be known of its end, and of one that waits, that
	// its version is not the current one any more.
	Reason string `json:"reason,omitempty"`
	// RetireBy is when the old value is retired at the latest.
	RetireBy *time.Time `json:"retireBy,omitempty"`
	// Missing counts who has not read the new version yet, or had not when the old value was retired. WaitingFor are those who
	// are waited for, NeverCame those who had not come in time: both at most MaxRotationReaders, and answered by get-rotation alone.
	Missing    int64            `json:"missing,omitempty"`
	WaitingFor []RotationReader `json:"waitingFor,omitempty"`
	NeverCame  []RotationReader `json:"neverCame,omitempty"`
}

// MaxRotationReaders is how many readers are named at most, who are waited for or never came.
const MaxRotationReaders = 100

// A RotationReader is somebody who read an older version.
type RotationReader struct {
	Kind access.Kind `json:"kind"`
	ID   uuid.UUID   `json:"id"`
	Name string      `json:"name,omitempty"`
	// Version is the newest that it read, and Last when it read last.
	Version int64     `json:"version"`
	Last    time.Time `json:"last"`
}

// RotateSecret is rotate-secret's request. ID is the rotation's; one made by the client may be sent again.
type RotateSecret struct {
	ID *uuid.UUID `json:"id,omitempty"`
	// Leaked says that the value is known to who must not know it: then the old one is retired at once, without waiting.
	Leaked bool `json:"leaked,omitempty"`
}

// A RotationLease is what every request of a worker names: the rotation, and the lease under which it works, an id of its own
// making.
type RotationLease struct {
	ID    uuid.UUID `json:"id"`
	Lease uuid.UUID `json:"lease"`
}

// ClaimRotation takes a rotation, or renews the lease on it.
type ClaimRotation struct {
	RotationLease
	// Note, where not nil, is what the worker writes down for whoever follows it: identifiers, never a value.
	Note *string `json:"note,omitempty"`
	// Step, where not empty, is the step that the worker is at, for who watches.
	Step RotationStep `json:"step,omitempty"`
}

// A RotationTask is what a worker that claimed a rotation is told.
type RotationTask struct {
	SecretID uuid.UUID       `json:"secretId"`
	Rotator  string          `json:"rotator"`
	Settings json.RawMessage `json:"settings"`
	Run      RotationRun     `json:"run"`
	// Until is when the lease ends unless it is renewed.
	Until time.Time `json:"until"`
	// Last says that this is the last attempt: what fails now is taken back.
	Last bool   `json:"last,omitempty"`
	Note string `json:"note,omitempty"`
}

// PutPendingVersion stores the value that a rotation made.
type PutPendingVersion struct {
	RotationLease
	// Base is the version that the worker read, which the value is to replace. Where the secret has another one by then, it is
	// refused: nobody's value is overwritten unseen.
	Base  int64   `json:"base"`
	Value *string `json:"value"`
	// PublicID is what the value is known by outside, an access key's id say: by it a leak is traced to the secret.
	PublicID string `json:"publicId,omitempty"`
}

// PromoteVersion makes the pending version the current one.
type PromoteVersion struct {
	RotationLease
	// Version is the one that the worker put: another worker may have put another since.
	Version int64 `json:"version"`
}

// DiscardPendingVersion gives a rotation up: its pending version is none any more.
type DiscardPendingVersion struct {
	RotationLease
	Reason string `json:"reason"`
}

// RotationOutcome is what a worker says of an attempt.
type RotationOutcome string

// The outcomes.
const (
	// OutcomeRetry is a failure; the rotation is tried again later, or has failed if this was the last attempt.
	OutcomeRetry RotationOutcome = "retry"
	// OutcomeFailed is a failure that no further attempt could mend. What the target has may be the pending version.
	OutcomeFailed RotationOutcome = "failed"
	// OutcomeRetired says that the old value works no more.
	OutcomeRetired RotationOutcome = "retired"
	// OutcomeKept says that the old value is the current one again, and so works on.
	OutcomeKept RotationOutcome = "kept"
)

// ReportRotation ends an attempt, and the lease on it.
type ReportRotation struct {
	RotationLease
	Outcome RotationOutcome `json:"outcome"`
	// Reason is why it failed or what was kept, and may say what else is to be known where the old value is retired; it must hold no
	// value.
	Reason string `json:"reason,omitempty"`
}

// A RotationEntry is a secret in list-rotations.
type RotationEntry struct {
	Secret        Reference     `json:"secret"`
	Rotator       string        `json:"rotator,omitempty"`
	Every         string        `json:"every,omitempty"`
	NextAt        *time.Time    `json:"nextAt,omitempty"`
	LastRotatedAt *time.Time    `json:"lastRotatedAt,omitempty"`
	State         RotationState `json:"state,omitempty"`
	Reason        string        `json:"reason,omitempty"`
	// SetBy is who set the rotation, and SetAt when: both absent where nobody knows.
	SetBy *RotationSetter `json:"setBy,omitempty"`
	SetAt *time.Time      `json:"setAt,omitempty"`
	// Leaver says, in the list of what somebody knows, why the secret is in it.
	Leaver *LeaverEntry `json:"leaver,omitempty"`
}

// A LeaverEntry is what a principal knows of a secret, or could have known, since its value was replaced last, and whether it said
// where new ones go.
type LeaverEntry struct {
	// Read says that it read the current value, Reachable that it did not and could have.
	Read      bool `json:"read"`
	Reachable bool `json:"reachable,omitempty"`
	// Set says that it set how the secret is rotated, and nobody has set that again since: new values go where it said.
	Set bool `json:"set,omitempty"`
	// Trashed says that the secret is in the trash. It is rotated for that, as a leak or a departure asks for, when it is restored.
	Trashed bool `json:"trashed,omitempty"`
	// Version and Last are of what it read.
	Version int64      `json:"version,omitempty"`
	Last    *time.Time `json:"last,omitempty"`
	// Because is why, in words.
	Because string `json:"because"`
}
