package secrets

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/table"
)

// schema is the number that items carry. An item with a higher one was written by a program that knows more, and is
// refused rather than misread.
const schema = 1

// A header is in every item.
type header struct {
	Schema int64 `table:"v"`
	// Extra is what a newer program of the same schema added to the item; it survives being rewritten. What is derived
	// from another item is made anew instead.
	Extra map[string]any `table:",extra"`
}

func (h *header) stamp() { h.Schema = schema }

type record interface{ stamp() }

// toItem makes the item of a record, stamping it with the schema number.
func toItem(key table.Key, revision int64, r record) table.Item {
	r.stamp()
	return table.Item{Key: key, Revision: revision, Attributes: table.Encode(r)}
}

// fromItem fills a record. An item that can't be understood is an internal error, or 503 where a newer program wrote it.
func fromItem(item table.Item, r record) error {
	if n, _ := item.Attributes["v"].(int64); n > schema { // before decoding: an attribute may have another type by now
		return &failure{
			shown: api.Errorf(api.CodeUnavailable, "the data was written by a newer version of Strongroom; update this one"),
			cause: fmt.Errorf("item %s / %s has schema %d, this program knows %d", item.Key.PK, item.Key.SK, n, schema),
		}
	}
	if err := table.Decode(item.Attributes, r); err != nil {
		return fmt.Errorf("reading item %s / %s: %w", item.Key.PK, item.Key.SK, err)
	}
	return nil
}

// A writeID marks what one request wrote.
type writeID [8]byte

// A writeLog holds the last write ids of an item, newest first: an attempt of unknown outcome is found in it even when
// others have written since.
type writeLog []byte

const writeLogSize = 8

func (l writeLog) has(id writeID) bool {
	for entry := range slices.Chunk(l, len(id)) {
		if slices.Equal(entry, id[:]) {
			return true
		}
	}
	return false
}

func (l writeLog) with(id writeID) writeLog {
	log := append(slices.Clone(id[:]), l...)
	return log[:min(len(log), writeLogSize*len(id))]
}

// A resource is what the items of mutable things share: principals, projects, secrets and the organization.
type resource struct {
	header
	revision int64
	Writes   writeLog `table:"writes"`
	// Tag counts the changes of what is stored; an ETag begins with it.
	Tag int64 `table:"tag"`
	// Derived is the revision of all items that are derived from this one.
	Derived   int64     `table:"derived"`
	CreatedAt time.Time `table:"created"`
	UpdatedAt time.Time `table:"updated"`
}

// changed marks the resource as written by the request, now.
func (r *resource) changed(q *request, now time.Time) {
	r.Writes = r.Writes.with(q.writeID)
	r.Tag++
	r.UpdatedAt = now
}

type organizationRecord struct {
	resource
	Name                  string      `table:"name"`
	Owners                []uuid.UUID `table:"owners"`
	MembersCreateProjects bool        `table:"membersCreateProjects"`
	// EventRetentionDays and TrashRetentionDays are zero where nobody set them: see settings.
	EventRetentionDays int64 `table:"eventRetentionDays"`
	TrashRetentionDays int64 `table:"trashRetentionDays"`
	// RotateOnLeave is empty where nobody set it: none.
	RotateOnLeave api.RotateOnLeave `table:"rotateOnLeave"`
}

type dataKeyRecord struct {
	header
	revision   int64
	generation uint32
	Wrapped    []byte    `table:"wrapped"`
	CreatedAt  time.Time `table:"created"`
	// RetiredAt is when everything was found to be under a newer key. The key is kept: a backup that is restored needs it.
	RetiredAt time.Time `table:"retired"`
}

// A resealRecord says how far resealing has come.
type resealRecord struct {
	header
	revision int64
	// Generation is that of the data key under which everything is to be.
	Generation int64 `table:"generation"`
	// Part and After are where the walk over all secrets is: in which of its parts, and after which sort key there.
	Part  int64  `table:"part"`
	After string `table:"after"`
	// Found says that this walk found something under an older key. Damaged and Failed count what it had to leave there.
	Found   bool  `table:"found"`
	Damaged int64 `table:"damaged"`
	Failed  int64 `table:"failed"`
	// RestUntil is when the next walk may begin; Damaged and Failed are then still those of the walk before.
	RestUntil time.Time `table:"rest"`
	// Done says that a whole walk found nothing.
	Done bool `table:"done"`
}

type principalRecord struct {
	resource
	Kind       access.Kind `table:"kind"`
	Name       string      `table:"name"`
	Email      string      `table:"email"`
	Role       access.Role `table:"role"`
	Disabled   bool        `table:"disabled"`
	Groups     []uuid.UUID `table:"groups"`
	Identities []bound     `table:"identities"`
	// FormerGroups are, of who was deleted, the groups that it was in.
	FormerGroups []uuid.UUID `table:"formerGroups"`
	// DeletedAt makes the item a tombstone.
	DeletedAt time.Time `table:"deleted"`
}

// bound is an identity as its principal remembers it.
type bound struct {
	ARN      string `table:"arn"`
	Key      string `table:"key"`
	UniqueID string `table:"uniqueId"`
	// field is the request's field that it comes from, and role the look-up key of a session's role.
	field, role string
}

func (b bound) same(other bound) bool {
	return b.ARN == other.ARN && b.Key == other.Key && b.UniqueID == other.UniqueID
}

// holds is what finds the identity of that look-up key.
func holds(key string) func(bound) bool { return func(b bound) bool { return b.Key == key } }

// An identityRecord is what decides about a caller: a copy of its principal, found by ARN.
type identityRecord struct {
	header
	revision  int64
	ARN       string      `table:"arn"`
	UniqueID  string      `table:"uniqueId"`
	Principal uuid.UUID   `table:"principal"`
	Name      string      `table:"name"`
	Kind      access.Kind `table:"kind"`
	Role      access.Role `table:"role"`
	Disabled  bool        `table:"disabled"`
	Groups    []uuid.UUID `table:"groups"`
}

// An entryRecord is a list entry: what a name in a partition stands for.
type entryRecord struct {
	header
	ID        uuid.UUID `table:"id"`
	Version   int64     `table:"n"`
	CreatedAt time.Time `table:"c"`
	UpdatedAt time.Time `table:"u"`
	// KeyID is, of a secret in a client project, the project key that the current value is under; nil where that is not
	// known. It stands here rather than in the value copies, so that counting by it reads no values.
	KeyID uuid.UUID `table:"k"`
}

// A markRecord is an item that says all by its key and a few facts: memberships and reach.
type markRecord struct {
	header
	Permission int64     `table:"permission"`
	ExpiresAt  time.Time `table:"expires"`
	At         time.Time `table:"at"`
}

// A trashRecord is the trash's entry of a project or a secret.
type trashRecord struct {
	header
	Kind string    `table:"kind"`
	ID   uuid.UUID `table:"id"`
	Name string    `table:"name"`
	// At is when it was put there, By who did, PurgeAt when its time there is over, as was promised then.
	At      time.Time   `table:"at"`
	By      actorRecord `table:"by"`
	PurgeAt time.Time   `table:"expires"`
}

// A sweepRecord is what a purge, or the deletion of a principal, leaves to be done. Its key says of what.
type sweepRecord struct {
	header
	revision int64
	// At is when it was purged or deleted.
	At time.Time `table:"at"`
	// Pass counts the passes that are done, Due is when the next one is.
	Pass int64     `table:"pass"`
	Due  time.Time `table:"due"`
}

type projectRecord struct {
	resource
	Name       string             `table:"name"`
	Encryption api.Encryption     `table:"encryption"`
	Keys       []projectKeyRecord `table:"keys"`
	Grants     access.Grants      `table:"grants"`
	AccessTag  int64              `table:"accessTag"`
	// TrashedAt is when the project went into the trash; zero while it lives.
	TrashedAt time.Time `table:"trashed"`
	// Purged makes the item a tombstone for good.
	Purged bool `table:"purged"`
}

type projectKeyRecord struct {
	ID        uuid.UUID `table:"id"`
	Wrapped   []byte    `table:"wrapped"`
	CreatedAt time.Time `table:"created"`
}

type secretRecord struct {
	resource
	Name       string         `table:"name"`
	Encryption api.Encryption `table:"encryption"`
	Projects   []uuid.UUID    `table:"projects"` // sorted
	// Keys are, of a client-encrypted secret, the project keys that the current value is under: one for each of Projects,
	// in their order. It is set with the value alone. The nil id stands where the value has no recipient for the project,
	// which was in the trash by then; there are none at all where the value was set before they were noted.
	Keys      []uuid.UUID   `table:"keys"`
	Grants    access.Grants `table:"grants"`
	AccessTag int64         `table:"accessTag"`
	// Value is sealed, as are Note's bytes; NoteNumber is the number that the note is sealed under.
	Value      []byte `table:"value"`
	Note       []byte `table:"note"`
	NoteNumber int64  `table:"noteNumber"`
	// Version is the number of the current version, Previous and Pending of those (zero: none). Oldest is the first
	// that is still kept.
	Version  int64 `table:"version"`
	Previous int64 `table:"previous"`
	Pending  int64 `table:"pending"`
	Oldest   int64 `table:"oldest"`
	// Discarded is the highest number of a pending version that never became current; no other version gets it. Zero where there
	// was none.
	Discarded int64 `table:"discarded"`
	// ChangedAt is when the value or the note was written, as the writer's clock had it just before it was sent.
	ChangedAt time.Time   `table:"changedAt"`
	CreatedBy actorRecord `table:"createdBy"`
	UpdatedBy actorRecord `table:"updatedBy"`
	// TrashedAt is when the secret went into the trash; zero while it lives.
	TrashedAt time.Time `table:"trashed"`
	// Purged makes the item a tombstone for good, with nothing but what decides about it.
	Purged bool `table:"purged"`
}

type actorRecord struct {
	Kind access.Kind `table:"kind"`
	ID   uuid.UUID   `table:"id"`
	Name string      `table:"name"`
}

func (a actorRecord) api() api.Actor { return api.Actor{Kind: a.Kind, ID: a.ID, Name: a.Name} }

// A copyRecord is a secret's current value once more, in the partition of a project.
type copyRecord struct {
	header
	Name      string      `table:"name"`
	Version   int64       `table:"n"`
	CreatedAt time.Time   `table:"c"`
	UpdatedAt time.Time   `table:"u"`
	ChangedAt time.Time   `table:"changedAt"`
	Projects  []uuid.UUID `table:"projects"`
	Value     []byte      `table:"value"`
}

type versionRecord struct {
	header
	CreatedAt    time.Time   `table:"created"`
	CreatedBy    actorRecord `table:"createdBy"`
	RestoredFrom int64       `table:"restoredFrom"`
	Write        []byte      `table:"write"`
}

type versionValueRecord struct {
	header
	Value     []byte    `table:"value"`
	ChangedAt time.Time `table:"changedAt"`
}
