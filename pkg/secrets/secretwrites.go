package secrets

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/table"
)

// A secretChange is a secret before and after, and what its change makes besides.
type secretChange struct {
	id       uuid.UUID
	old, new *secretRecord // old is nil where the secret is created
	version  *versionRecord
	// promoted says that the value is that of the pending version, which is there already.
	promoted bool
}

// planSecret says all that is to be written: the secret under the revision that was read, and what is derived from it.
// No change is no plan. It stamps what it writes, so that it comes last in an attempt.
func (q *request) planSecret(c *secretChange) plan {
	var p plan
	if c == nil {
		return p
	}
	now := q.Service.now()
	old := c.old
	if old == nil {
		old = &secretRecord{}
	}
	c.new.revision = table.NextRevision(old.revision, now)
	derive := c.derives(old)
	if derive {
		c.new.Derived = c.new.revision
	}
	c.new.ChangedAt = now.UTC().Truncate(time.Millisecond).Add(time.Millisecond) // never before the writing
	p.until = time.Now().Add(attemptTime)
	p.act = c.act(old)
	p.put(q.secretItem(c.id, c.new), table.IfRevision(old.revision))
	if derive {
		q.planEntries(&p, c.id, old, c.new)
		q.planCopies(&p, c.id, old, c.new)
	}
	if c.version != nil {
		c.planVersion(&p)
	}
	q.planDropped(&p, c.id, old, c.new)
	return p
}

// act says what of the secret changed.
func (c *secretChange) act(old *secretRecord) *act {
	if c.new.Purged {
		return &act{on: aboutSecret(c.id, old.Name), changed: []string{"purged"}}
	}
	a := &act{on: aboutSecret(c.id, c.new.Name), grants: changedGrants(old.Grants, c.new.Grants)}
	a.note(c.old == nil, changedCreated)
	a.note(c.old != nil && old.Name != c.new.Name, "name")
	a.note(c.old != nil && (c.version != nil || c.promoted), changedValue)
	a.note(c.old != nil && old.NoteNumber != c.new.NoteNumber, "note")
	a.note(c.old != nil && !slices.Equal(old.Projects, c.new.Projects), "projects")
	a.note(c.old != nil && len(a.grants) > 0, "grants")
	a.note(old.TrashedAt.IsZero() && !c.new.TrashedAt.IsZero(), "trashed")
	a.note(!old.TrashedAt.IsZero() && c.new.TrashedAt.IsZero(), "restored")
	return a
}

// planShown is planSecret for a request whose answer holds the secret's value, changed or not.
func (q *request) planShown(v *secretSight, c *secretChange) plan {
	p := q.planSecret(c)
	if p.act == nil {
		p.act = v.act()
	}
	p.act.reveals(v.id, v.rec.Version)
	return p
}

// derives says whether what is derived is to be written again: whatever changes the tag is in there too, the grants
// alone are not.
func (c *secretChange) derives(old *secretRecord) bool { return old.Tag != c.new.Tag }

// secretItem is the secret's item, in index 2 while it is not in the trash.
func (q *request) secretItem(id uuid.UUID, rec *secretRecord) table.Item {
	item := toItem(secretKey(id), rec.revision, rec)
	if rec.TrashedAt.IsZero() {
		item.Index2 = secretIndexKey(q.organization, id, rec.Name)
	}
	return item
}

// homes are the partitions that the secret has list entries in.
func (q *request) homes(rec *secretRecord) []string {
	if rec.revision == 0 || !rec.TrashedAt.IsZero() {
		return nil
	}
	if len(rec.Projects) == 0 {
		return []string{unassignedPK(q.organization)}
	}
	homes := make([]string, len(rec.Projects))
	for i, id := range rec.Projects {
		homes[i] = projectPK(id)
	}
	return homes
}

// planEntries moves the list entries to where they belong now. A new entry under a name that is taken fails.
func (q *request) planEntries(p *plan, id uuid.UUID, old, new *secretRecord) {
	before, after := q.homes(old), q.homes(new)
	for i, home := range after {
		entry := entryRecord{ID: id, Version: new.Version, CreatedAt: new.CreatedAt, UpdatedAt: new.UpdatedAt}
		if i < len(new.Keys) { // homes are in the order of the projects, as keys are
			entry.KeyID = new.Keys[i]
		}
		cond := table.IfAbsent()
		if old.Name == new.Name && slices.Contains(before, home) {
			cond = table.IfRevision(old.Derived)
		}
		p.put(toItem(secretEntryKey(home, new.Name), new.Derived, &entry), cond)
	}
	for _, home := range before {
		if old.Name != new.Name || !slices.Contains(after, home) {
			p.delete(secretEntryKey(home, old.Name), table.IfRevision(old.Derived))
		}
	}
}

// planCopies does the same for the value copies, which projects alone have.
func (q *request) planCopies(p *plan, id uuid.UUID, old, new *secretRecord) {
	before, after := copied(old), copied(new)
	for _, project := range after {
		cond := table.IfAbsent()
		if slices.Contains(before, project) {
			cond = table.IfRevision(old.Derived)
		}
		p.put(toItem(valueCopyKey(project, id), new.Derived, &copyRecord{
			Name: new.Name, Version: new.Version, CreatedAt: new.CreatedAt, UpdatedAt: new.UpdatedAt,
			ChangedAt: new.ChangedAt, Projects: new.Projects, Value: new.Value,
		}), cond)
	}
	for _, project := range before {
		if !slices.Contains(after, project) {
			p.delete(valueCopyKey(project, id), table.IfRevision(old.Derived))
		}
	}
}

// copied are the projects that the secret has value copies in.
func copied(rec *secretRecord) []uuid.UUID {
	if rec.revision == 0 || !rec.TrashedAt.IsZero() {
		return nil
	}
	return rec.Projects
}

func (c *secretChange) planVersion(p *plan) {
	key, valueKey := versionKey(c.id, c.new.Version), versionValueKey(c.id, c.new.Version)
	p.put(toItem(key, c.new.revision, c.version), table.IfAbsent())
	p.put(toItem(valueKey, c.new.revision, &versionValueRecord{Value: c.new.Value, ChangedAt: c.new.ChangedAt}), table.IfAbsent())
}

// planDropped removes the versions that are no longer kept.
func (q *request) planDropped(p *plan, id uuid.UUID, old, new *secretRecord) {
	if old.Oldest == 0 {
		return
	}
	for n := old.Oldest; n < new.Oldest; n++ {
		p.dropVersion(id, n)
	}
}

// dropVersion removes a version, where it is one.
func (p *plan) dropVersion(id uuid.UUID, number int64) {
	if number == 0 {
		return
	}
	p.delete(versionKey(id, number), table.Unconditional())
	p.delete(versionValueKey(id, number), table.Unconditional())
}

// nextNumber is that of the secret's next version: numbers are never used again.
func (rec *secretRecord) nextNumber() int64 { return max(rec.Version, rec.Pending, rec.Discarded) + 1 }

// forget drops the oldest versions that are too many beside that number, but the current and the previous one never.
func (rec *secretRecord) forget(newest int64) {
	kept := rec.Version
	if rec.Previous > 0 {
		kept = rec.Previous
	}
	rec.Oldest = max(rec.Oldest, 1, min(newest-maxVersions+1, kept))
}

// nextVersion makes the record of a new current version, and drops the oldest that is one too many.
func (q *request) nextVersion(rec *secretRecord, by actorRecord, restoredFrom int64) *versionRecord {
	if rec.Version > 0 {
		rec.Previous = rec.Version
	}
	rec.Version = rec.nextNumber()
	rec.forget(rec.Version)
	return &versionRecord{
		CreatedAt: rec.UpdatedAt, CreatedBy: by, RestoredFrom: restoredFrom, Write: q.writeID[:],
	}
}
