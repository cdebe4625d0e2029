package secrets

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/audit"
	"strongroom/pkg/table"
)

// Every key of the table is made here, and these are all the ways in which it is read:
//
//	who calls                       BatchGet  IDENTITY#arn / IDENTITY
//	what decides                    BatchGet  SECRET#s / SECRET, PROJECT#x / PROJECT, PRINCIPAL#p / PRINCIPAL, ORG#o / ORG
//	the current data key            Query     ORG#o / DATAKEY# (last)
//	a data key                      Get       ORG#o / DATAKEY#n
//	all data keys                   Query     ORG#o / DATAKEY# (newest first)
//	how far resealing has come      Get       ORG#o / RESEAL
//	who holds a name                Get       ORG#o / PROJECT#name, USER#name, GROUP#name, SERVICEACCOUNT#name
//	                                          PROJECT#x / SECRET#name, ORG#o#UNASSIGNED / SECRET#name
//	an organization's projects      Query     ORG#o / PROJECT#
//	an organization's principals    Query     ORG#o / GROUP#, SERVICEACCOUNT#, USER#
//	a group's members               Query     PRINCIPAL#g / MEMBER#
//	what a principal may reach      Query     PRINCIPAL#p / REACH# (decides nothing)
//	a project's secrets             Query     PROJECT#x / SECRET# (by name, by prefix; all, to count by project key)
//	a project's values              Query     PROJECT#x / VALUE#
//	all secrets, for who sees all   Query     index 2, ORG#o#SECRETS#shard, by name and id (and all, to be resealed)
//	a secret's versions             Query     SECRET#s / VERSION# (newest first)
//	a version and its value         BatchGet  SECRET#s / VERSION#n, VERSIONVALUE#n
//	the values of all versions      Query     SECRET#s / VERSIONVALUE# (to be resealed)
//	the events of an hour           Query     EVENT#hour#shard (newest first, or all in order)
//	the changes of a secret         Query     SECRET#s / EVENT# (newest first)
//	who read a secret               Query     SECRET#s / READ#
//	what a principal read           Query     PRINCIPAL#p / READ#
//	a project's change mark         BatchGet  CHANGED#x / CHANGED
//	the seals of hours              Query     SEAL (the last one, or in order)
//	the seal of an hour             Get       SEAL / hour
//	which events an hour had        Query     SEALINDEX#hour / shard#
//	what was removed                Query     REMOVAL (the last one, or in order)
//	how a secret is rotated         BatchGet  SECRET#s / ROTATION
//	whose rotation somebody set     Query     SETTER#p / SECRET#
//	which rotations are due         Query     index 1, DUE#shard, by time (the earliest first; all, to be listed)
//	what is in the trash            Query     ORG#o#TRASH (newest first to be shown, oldest first to be purged and resealed)
//	what is left to be removed      Query     ORG#o / SWEEP#
//	who left, and what they knew    Query     ORG#o / SWEEP#leaver#
//	whether a notice is true        Get       PRINCIPAL#p / EVENT#ulid
//	all that a purge leaves         Query     SECRET#s, PROJECT#x (whole)

// What sort keys of list entries and parts begin with.
const (
	projectPrefix      = "PROJECT#"
	userPrefix         = "USER#"
	groupPrefix        = "GROUP#"
	servicePrefix      = "SERVICEACCOUNT#"
	dataKeyPrefix      = "DATAKEY#"
	memberPrefix       = "MEMBER#"
	reachPrefix        = "REACH#"
	secretPrefix       = "SECRET#"
	valuePrefix        = "VALUE#"
	versionPrefix      = "VERSION#"
	versionValuePrefix = "VERSIONVALUE#"
	eventPrefix        = "EVENT#"
	readPrefix         = "READ#"
	sweepPrefix        = "SWEEP#"
)

// secretShards is how many partitions of index 2 the organization's secrets are spread over: each takes a thousand
// writes a second.
const secretShards = 4

// eventShards is how many partitions an hour's events are spread over: each takes a thousand writes a second. Those of
// callers who are bound to nobody have one for themselves, so that strangers never slow anybody down.
const (
	eventShards  = 8
	unboundShard = "unbound"
)

func eventPK(hour audit.Hour, shard string) string { return eventPrefix + string(hour) + "#" + shard }

func eventKey(hour audit.Hour, shard string, id uuid.UUID) table.Key {
	return table.Key{PK: eventPK(hour, shard), SK: id.String()}
}

// resourceEventKey is the event of a change once more, in the partition of what was changed.
func resourceEventKey(pk string, id uuid.UUID) table.Key {
	return table.Key{PK: pk, SK: eventPrefix + id.String()}
}

// The partitions of what is signed: one item for each sealed hour, and one for each time that hours were removed.
const (
	sealPK    = "SEAL"
	removalPK = "REMOVAL"
)

func sealKey(hour audit.Hour) table.Key { return table.Key{PK: sealPK, SK: string(hour)} }

// removalKey is where the removal is that begins with that hour.
func removalKey(from audit.Hour) table.Key { return table.Key{PK: removalPK, SK: string(from)} }

func sealIndexPK(hour audit.Hour) string { return "SEALINDEX#" + string(hour) }

// sealIndexKey is a part of the index of a shard.
func sealIndexKey(hour audit.Hour, shard string, part int) table.Key {
	return table.Key{PK: sealIndexPK(hour), SK: fmt.Sprintf("%s#%06d", shard, part)}
}

func organizationPK(organization uuid.UUID) string { return "ORG#" + organization.String() }

func organizationKey(organization uuid.UUID) table.Key {
	return table.Key{PK: organizationPK(organization), SK: "ORG"}
}

func dataKeyKey(organization uuid.UUID, generation uint32) table.Key {
	return table.Key{PK: organizationPK(organization), SK: fmt.Sprintf("%s%010d", dataKeyPrefix, generation)}
}

// resealKey is where it is kept how far resealing has come.
func resealKey(organization uuid.UUID) table.Key {
	return table.Key{PK: organizationPK(organization), SK: "RESEAL"}
}

func projectKey(id uuid.UUID) table.Key { return table.Key{PK: projectPK(id), SK: "PROJECT"} }

func projectPK(id uuid.UUID) string { return "PROJECT#" + id.String() }

func projectEntryKey(organization uuid.UUID, name string) table.Key {
	return table.Key{PK: organizationPK(organization), SK: projectPrefix + name}
}

func principalPK(id uuid.UUID) string { return "PRINCIPAL#" + id.String() }

func principalKey(id uuid.UUID) table.Key { return table.Key{PK: principalPK(id), SK: "PRINCIPAL"} }

// principalPrefix is what the sort keys of the list entries of a kind begin with.
func principalPrefix(kind access.Kind) string {
	switch kind {
	case access.KindUser:
		return userPrefix
	case access.KindGroup:
		return groupPrefix
	case access.KindServiceAccount:
		return servicePrefix
	}
	panic(fmt.Sprintf("secrets: no principal is a %q", string(kind)))
}

func principalEntryKey(organization uuid.UUID, kind access.Kind, name string) table.Key {
	return table.Key{PK: organizationPK(organization), SK: principalPrefix(kind) + name}
}

func memberKey(group, user uuid.UUID) table.Key {
	return table.Key{PK: principalPK(group), SK: memberPrefix + user.String()}
}

func identityKey(lookup string) table.Key { return table.Key{PK: "IDENTITY#" + lookup, SK: "IDENTITY"} }

// What a grant may be on, as it stands in the keys of reach, trash and sweep items.
const (
	onProject = "project"
	onSecret  = "secret"
)

// onPrincipal is what a sweep may be of besides.
const onPrincipal = "principal"

// onLeaver is what is to be done because of a departure: a sweep of its own, by the id of the event that told of it.
const onLeaver = "leaver"

func reachKey(principal uuid.UUID, kind string, id uuid.UUID) table.Key {
	return table.Key{PK: principalPK(principal), SK: reachPrefix + kind + "#" + id.String()}
}

// secretReadKey and principalReadKey are the sum of one principal's reads of one secret, under each of them.
func secretReadKey(secret, principal uuid.UUID) table.Key {
	return table.Key{PK: secretPK(secret), SK: readPrefix + principal.String()}
}

func principalReadKey(principal, secret uuid.UUID) table.Key {
	return table.Key{PK: principalPK(principal), SK: readPrefix + secret.String()}
}

// changedKey is a project's change mark. It has a partition of its own, so that writing it does not wake whoever follows
// the changes in the project's.
func changedKey(project uuid.UUID) table.Key {
	return table.Key{PK: "CHANGED#" + project.String(), SK: "CHANGED"}
}

func secretPK(id uuid.UUID) string { return "SECRET#" + id.String() }

func secretKey(id uuid.UUID) table.Key { return table.Key{PK: secretPK(id), SK: "SECRET"} }

// rotationKey is where it is kept how a secret is rotated.
func rotationKey(secret uuid.UUID) table.Key { return table.Key{PK: secretPK(secret), SK: "ROTATION"} }

// setterKey says under a principal that it set how a secret is rotated. This list has partitions of its own: who writes it can't
// write principals.
func setterKey(principal, secret uuid.UUID) table.Key {
	return table.Key{PK: setterPK(principal), SK: secretPrefix + secret.String()}
}

func setterPK(principal uuid.UUID) string { return "SETTER#" + principal.String() }

// dueShards is how many partitions of index 1 the rotations are spread over: each takes a thousand writes a second.
const dueShards = 4

func duePK(shard int) string { return fmt.Sprintf("DUE#%d", shard) }

// dueKey orders rotations by when they are due; those that never are come last, so that all rotations are found there.
func dueKey(secret uuid.UUID, due time.Time) table.Key {
	at := int64(maxDue)
	if !due.IsZero() {
		at = due.UnixMilli()
	}
	return table.Key{PK: duePK(int(secret[15]) % dueShards), SK: fmt.Sprintf("%013d#%s", at, secret)}
}

// maxDue stands for never: the year 2286.
const maxDue = 9_999_999_999_999

// unassignedPK is the partition of the entries of secrets that are in no project.
func unassignedPK(organization uuid.UUID) string { return organizationPK(organization) + "#UNASSIGNED" }

// secretEntryKey is a secret's list entry in a home: a project's partition, or that of the unassigned.
func secretEntryKey(home, name string) table.Key {
	return table.Key{PK: home, SK: secretPrefix + name}
}

func valueCopyKey(project, secret uuid.UUID) table.Key {
	return table.Key{PK: projectPK(project), SK: valuePrefix + secret.String()}
}

func versionKey(secret uuid.UUID, version int64) table.Key {
	return table.Key{PK: secretPK(secret), SK: fmt.Sprintf("%s%010d", versionPrefix, version)}
}

func versionValueKey(secret uuid.UUID, version int64) table.Key {
	return table.Key{PK: secretPK(secret), SK: fmt.Sprintf("%s%010d", versionValuePrefix, version)}
}

// versionKeys are those of a version and of its value.
func versionKeys(secret uuid.UUID, version int64) []table.Key {
	return []table.Key{versionKey(secret, version), versionValueKey(secret, version)}
}

// secretIndexPK is a partition of index 2 with a part of the organization's secrets.
func secretIndexPK(organization uuid.UUID, shard int) string {
	return fmt.Sprintf("%s#SECRETS#%d", organizationPK(organization), shard)
}

func secretIndexKey(organization, id uuid.UUID, name string) table.Key {
	shard := int(id[15]) % secretShards
	return table.Key{PK: secretIndexPK(organization, shard), SK: secretIndexSK(name, id)}
}

// secretIndexSK orders by name, then id. Names have no control characters, so NUL ends them.
func secretIndexSK(name string, id uuid.UUID) string { return name + "\x00" + id.String() }

func trashPK(organization uuid.UUID) string { return organizationPK(organization) + "#TRASH" }

// trashKey is the entry of what went into the trash then.
func trashKey(organization uuid.UUID, at time.Time, id uuid.UUID) table.Key {
	return table.Key{PK: trashPK(organization), SK: fmt.Sprintf("%013d#%s", at.UnixMilli(), id)}
}

func sweepKey(organization uuid.UUID, kind string, id uuid.UUID) table.Key {
	return table.Key{PK: organizationPK(organization), SK: sweepPrefix + kind + "#" + id.String()}
}
