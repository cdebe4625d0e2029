package secrets

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/table"
)

// A rotationRecord is how a secret is rotated, and how that goes: a rotation.Record as it is stored.
type rotationRecord struct {
	resource
	// Settings are the rotator's as they were asked for, JSON.
	Every    string `table:"every"`
	Window   string `table:"window"`
	Rotator  string `table:"rotator"`
	Settings []byte `table:"settings"`
	Within   string `table:"within"`
	Deadline string `table:"deadline"`
	Grace    string `table:"grace"`
	// SetBy is who set it so, or the same again since, and SetAt when; both are zero where nobody knows. Where it is known, a
	// setter item says so under that principal.
	SetBy actorRecord `table:"setBy"`
	SetAt time.Time   `table:"setAt"`
	// NextAt and the rest are package rotation's.
	NextAt        time.Time   `table:"next"`
	LastRotatedAt time.Time   `table:"last"`
	LastVersion   int64       `table:"lastVersion"`
	Run           runRecord   `table:"run"`
	Again         causeRecord `table:"again"`
	AgainID       uuid.UUID   `table:"againId"`
	// PublicID is what the value of LastVersion is known by outside, PendingID what the pending one is, OldID what one is that is
	// to be retired and works until then, or was kept. What a value is known by that no rotation made, nobody says.
	PublicID  string `table:"publicId"`
	PendingID string `table:"pendingId"`
	OldID     string `table:"oldId"`
}

type causeRecord struct {
	Kind    api.RotationCause `table:"kind"`
	Because string            `table:"because"`
}

type runRecord struct {
	ID          uuid.UUID         `table:"id"`
	State       api.RotationState `table:"state"`
	Step        api.RotationStep  `table:"step"`
	Cause       causeRecord       `table:"cause"`
	RequestedAt time.Time         `table:"requested"`
	StartedAt   time.Time         `table:"started"`
	FinishedAt  time.Time         `table:"finished"`
	Attempts    int64             `table:"attempts"`
	Lease       uuid.UUID         `table:"lease"`
	Ended       uuid.UUID         `table:"ended"`
	Holder      uuid.UUID         `table:"holder"`
	Since       time.Time         `table:"since"`
	Until       time.Time         `table:"until"`
	From        int64             `table:"from"`
	Version     int64             `table:"version"`
	Note        string            `table:"note"`
	Reason      string            `table:"reason"`
	AskedAt     time.Time         `table:"asked"`
	TryAt       time.Time         `table:"try"`
	AskedSince  time.Time         `table:"askedSince"`
	RetireBy    time.Time         `table:"retireBy"`
	CheckAt     time.Time         `table:"check"`
	CameAt      time.Time         `table:"came"`
	Missing     int64             `table:"missing"`
	NeverCame   []uuid.UUID       `table:"neverCame"`
}

// rotationOf reads the item of a secret's rotation.
func rotationOf(item table.Item) (rotationRecord, error) {
	rec := rotationRecord{resource: resource{revision: item.Revision}}
	return rec, fromItem(item, &rec)
}

// knownAs is what a version's value is known by outside, where the last rotation made it; empty where nobody knows.
func (rec *rotationRecord) knownAs(version int64) string {
	if version != rec.LastVersion {
		return ""
	}
	return rec.PublicID
}

// asked is what put-rotation was asked for.
func (rec *rotationRecord) asked() api.PutRotation {
	in := api.PutRotation{Every: rec.Every, Window: rec.Window, Rotator: rec.Rotator, Settings: json.RawMessage(rec.Settings)}
	if rec.Within != "" || rec.Deadline != "" || rec.Grace != "" {
		in.Readers = &api.RotationReaders{Within: rec.Within, Deadline: rec.Deadline, Grace: rec.Grace}
	}
	return in
}

// ask keeps what put-rotation is asked for.
func (rec *rotationRecord) ask(in api.PutRotation) {
	rec.Every, rec.Window, rec.Rotator, rec.Settings = in.Every, in.Window, in.Rotator, in.Settings
	rec.Within, rec.Deadline, rec.Grace = "", "", ""
	if in.Readers != nil {
		rec.Within, rec.Deadline, rec.Grace = in.Readers.Within, in.Readers.Deadline, in.Readers.Grace
	}
}

// state is the record as package rotation moves it. Where this version refuses how it is set, its error says so, and the record
// has no settings but is what it is otherwise.
func (rec *rotationRecord) state(secret uuid.UUID) (*rotation.Record, error) {
	config, err := rotation.ParseConfig(rec.asked())
	if err != nil {
		config, err = rotation.Config{}, fmt.Errorf("this version refuses how the rotation of secret %s is set; set it anew with put-rotation: %w", secret, err)
	}
	r := &rec.Run
	return &rotation.Record{
		Secret: secret, Config: config, NextAt: rec.NextAt, LastRotatedAt: rec.LastRotatedAt, LastVersion: rec.LastVersion,
		Again: rotation.Cause{Kind: rec.Again.Kind, Because: rec.Again.Because}, AgainID: rec.AgainID,
		Run: rotation.Run{
			ID: r.ID, State: r.State, Step: r.Step, Cause: rotation.Cause{Kind: r.Cause.Kind, Because: r.Cause.Because},
			RequestedAt: r.RequestedAt, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Attempts: r.Attempts,
			Lease: rotation.Lease{ID: r.Lease, Holder: r.Holder, Since: r.Since, Until: r.Until}, Ended: r.Ended, From: r.From, Version: r.Version,
			Note: r.Note, Reason: r.Reason, AskedAt: r.AskedAt, TryAt: r.TryAt, AskedSince: r.AskedSince, RetireBy: r.RetireBy,
			CheckAt: r.CheckAt, CameAt: r.CameAt, Missing: r.Missing, NeverCame: r.NeverCame,
		},
	}, err
}

// keep stores what package rotation has made of the record. Times are stored in whole milliseconds, and so are to be moved
// by such (request.now).
func (rec *rotationRecord) keep(to *rotation.Record) {
	r := &to.Run
	rec.NextAt, rec.LastRotatedAt, rec.LastVersion = to.NextAt, to.LastRotatedAt, to.LastVersion
	rec.Again, rec.AgainID = causeRecord{Kind: to.Again.Kind, Because: to.Again.Because}, to.AgainID
	rec.Run = runRecord{
		ID: r.ID, State: r.State, Step: r.Step, Cause: causeRecord{Kind: r.Cause.Kind, Because: r.Cause.Because},
		RequestedAt: r.RequestedAt, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Attempts: r.Attempts,
		Lease: r.Lease.ID, Ended: r.Ended, Holder: r.Lease.Holder, Since: r.Lease.Since, Until: r.Lease.Until, From: r.From, Version: r.Version,
		Note: r.Note, Reason: r.Reason, AskedAt: r.AskedAt, TryAt: r.TryAt, AskedSince: r.AskedSince, RetireBy: r.RetireBy,
		CheckAt: r.CheckAt, CameAt: r.CameAt, Missing: r.Missing, NeverCame: r.NeverCame[:min(len(r.NeverCame), api.MaxRotationReaders)],
	}
}

// rotationItem is the item of a secret's rotation, in index 1 at the moment when the dispatcher has something to do about it.
func rotationItem(secret uuid.UUID, rec *rotationRecord, due time.Time) table.Item {
	item := toItem(rotationKey(secret), rec.revision, rec)
	item.Index1 = dueKey(secret, due)
	return item
}
