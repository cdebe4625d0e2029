// Package secrets is the domain: principals, projects, secrets, their versions and grants, the rules about them and
// the use cases behind every operation, written once over the table port.
//
// # How a use case works
//
// A use case begins a request, reads what decides in one strong batch (look), asks whether the caller may (decide, the
// only place where that is asked), and does its work. Requests and answers are those of package api; errors that a
// caller is to see are *api.Error, everything else is an internal error.
//
// # How things are written
//
// Every change is a compare-and-swap in one transaction (change): an attempt reads, decides and says what to write,
// each write under the revision that was read; when another write came first, the attempt is made again from the
// start, with jitter, until the request's deadline. Every request has a write id, kept in the item it changes, and
// picks its ids once, so that an attempt of unknown outcome is recognized when it did happen and nothing acts twice.
//
// Derived items (list entries, value copies, identities' copies of their principal) are written in the transaction of
// what they derive from and guarded by the revision that its item remembers of them: nobody else writes them.
//
// # What is recorded
//
// Every change has an event in its own transaction (tell): once under the hour of its writing and once under what was
// changed. A value never leaves before the event of its reading is written (record), one event for all values of an answer,
// and fails where that can't be written; a change whose answer holds a value says so in its event, and a repeated one that
// changes nothing is recorded as a read. Refusals are recorded where they are decided. Callers bound to nobody stand in a
// partition of their own, once a minute each. Lists and looks without values are not recorded. Package audit has the form
// of an event: ids, names and reasons, never a value or a note.
//
// # How it is sealed
//
// Every hour an operation seals the hours that ended ten minutes ago or earlier (SealEvents): a Merkle root for each shard,
// signed, naming the seal before. Nothing of it is on the path of a request. A seal is put once, after the index of what it
// covers; two sealers at a time make one chain. What retention removes, by whole days, a signed removal tells, put before
// anything is removed; the seal of an hour goes last, so that a run which was stopped is gone on with. An archive gives
// back the seals that are taken out of the table. Package evidence verifies what ExportEvents answers. A change's
// event under what was changed is no part of this: it goes with that.
//
// # Grants that end, and emergencies
//
// A grant with an end gives nothing from that millisecond on. It stays where it is, shown as what it was, until somebody
// takes it away or renews it, and counts among the grants that a resource may have. In an emergency owners and admins give
// themselves one (breakglass.go), with a reason that its event holds: by role they may do everything here, but AWS KMS
// gives project keys for grants alone. It is asked for with the time of its end, so that a repetition extends nothing.
//
// # What opens a client-encrypted value
//
// Whoever is answered such a value, with a grant on the secret alone too, is answered the wrapped project keys that open
// it, and the current one of each live project, which a new value must be under. They come from the projects that were
// read to decide, and so cost no read. A value's header names its projects and keys in the clear already; what a wrapped
// key is good for, KMS decides.
//
// # How access is explained
//
// What explain-access, list-principal-access and list-secret-principals answer is decided as requests are, by package
// access on strongly read items, each page anew: they agree with what the same principal's request would get at that
// moment. Reach items and the list of principals only say where to look. Names are shown of what the caller may see; the
// rest is counted. Nothing here holds a value, and so only refusals are recorded.
//
// # How data keys are replaced
//
// rotate-data-keys makes a new data key when the current one is ninety days old, and seals everything anew under it, an hour's
// run at a time. It begins ten minutes after the key was made: by then every container seals under it, so that what is
// under older keys can only become less. A run walks over all secrets by name (index 2), then over the trash, and notes in one
// item how far it came; for each secret it looks at the values of its versions, then at its value and note. A secret is
// written in one transaction with all that is derived from it and under the revision that was read, so that it loses against
// whoever changes it, and is read and tried again; a version's value, which nobody else ever writes, by itself. A renamed
// secret may pass the walk unseen, and so another walk follows until one finds nothing: then the older keys are retired. Only
// a secret that dodges every walk would be left behind; it would open all the same, since retired keys are kept, for backups
// too, and the next new key's walk takes it along. What does not open is left, logged by its place and counted, and
// keeps older keys in use; it is looked for again once a day.
//
// Resealing changes nothing that anybody is shown: no tag, no date, no version, and no change mark, so that nobody who polls
// is woken. It keeps changedAt too: the value that is read has been there since then. Therefore nothing tells of it but an
// event of a new key and one of those retired; one a secret would bury the changes that people made.
//
// # How values are read
//
// Deciding reads are strong and never cached. Where the value, or anything that decides about it, was written less than
// five seconds before the request began, it is shown only after all of it was seen together, or once more after it,
// unchanged. So a revocation that was acknowledged before the value was written is never missed (the "new enemy" of Google's
// Zanzibar paper), and neither an old value under a newer grant nor a refusal is made up of two moments. The values of a
// whole project promise the first of these alone.
//
// # What becomes of what is deleted
//
// A deleted project or secret goes into the trash: its item is marked, its names are free, its entry there says who put it
// there and when it is purged. Restoring clears the mark, and puts a secret back into those of its projects that live. A
// secret's other projects may go into the trash and come back; it stays in all of them meanwhile, its entries and copies
// too.
//
// Purging makes a tombstone of the item, which holds no more than what decides about it: who could have deleted it may say so
// again, and its id is never used for another. What else there is of it is swept: a sweep item, written with the tombstone,
// says so. A sweep looks for what is left and removes it, so that it may end anywhere and begin anywhere: a project's takes
// its secrets out of it, each in one transaction with its event, and purges those that no other project has; a secret's
// empties its partition; a deleted principal's takes its grants away. It passes three times, since what had begun before may
// still be written after. Strongroom does that by itself: such an event names no principal, but its cause.
//
// # How a secret is rotated
//
// Package rotation says what a rotation is; here it is kept, in an item of its own beside the secret, and moved. People set and
// ask for it; workers, which are clients like others, with a principal and grants of their own, claim it and say what they did;
// a schedule looks in index 1 for what is due. The secret itself changes twice: when a worker puts the pending version, of which
// nothing is shown yet, and when it is promoted, whose value is then copied to where a new value goes in update-secret. Both
// happen in one transaction with the rotation's item, and under its revision, so that a worker whose lease another has taken
// writes nothing. The number of a pending version that was discarded is never used again: who has read it, and what is sealed
// under it, stays told apart.
//
// Values pass through here as all values do: sealed, and in client projects encrypted by the worker. Why an attempt failed, and
// what workers write down for one another, is theirs to keep free of values.
//
// # What is rotated by itself
//
// dispatch-rotations walks the rotations that are due (index 1) every minute and moves each by compare-and-swap, with its event,
// which the stream publishes: a worker is asked for, again where none comes, and at last the rotation has failed. Where the old
// value works on, it looks for readers that are missing. What is in the trash is put off; what only notes when to look again is
// not told of.
//
// rotate-on-event has secrets rotated because somebody left or something leaked. It believes ids and reasons; a departure must be
// in the record of events. What a principal read is rotated at once; a note of the departure (SWEEP#leaver) has dispatch-rotations
// look again after an hour and after a day, since reads are summed up late, and walk over what was reachable. The run's id follows
// from the event and the secret, and its cause names the event, so that an event that comes twice acts once.
//
// # Where new values go, and who said so
//
// How a secret is rotated says where its new values go: to a URL, a database, a function. That goes on when who set it leaves. So a
// rotation keeps who set it last (setBy); whoever sets it again, if only to the same, has looked at it and is that from then on. An
// item under the principal (SETTER#p) is written and removed in the same transactions, so that what a leaver set is found without
// looking at all rotations; one that was kept before there were such items is set by nobody known, until it is set again.
//
// list-rotations lists what a leaver set beside what it knows. That is for people to look at. Nothing is rotated for it alone: the new
// value would go to the very target in question. Nor does it keep anything from being rotated that the leaver read, or that is due:
// most targets are what they seem, and where one isn't, the leaver knows a new value no better than the old one. The list marks both.
//
// # How stored data changes its form
//
// Every item carries the number of its form, v (schema in records.go): 1, since there was only one. An item with a higher one
// than a program knows is refused with 503 rather than misread. Functions are not all replaced at one moment, and a
// release may have to be taken back: so the program before and the one after always run over the same items.
//
// What only adds an attribute keeps the number. Its zero must mean what was so before there was one. A program that does not
// know it keeps it when it rewrites the item, but makes derived items anew without it; so nothing may depend on its being
// in a derived item before a walk has put it there.
//
// Whatever changes the meaning, the type or the place of an attribute that is there gets the next number, in two releases.
// The first knows how to read the new form beside the old one, translating the older attributes where fromItem reads them,
// and still writes the old form. The second writes the new form, whenever it writes an item for whatever reason; it is
// deployed when no function of before the first is left, and can be taken back to the first. Only if the old form is to be
// gone does a walk rewrite the rest, as resealing does: by compare-and-swap, ended and begun anew anywhere, noting how far it
// came. The code that reads a form is kept for as long as a backup may have it.
//
// Keys keep their meaning for ever; another access pattern is other items, written beside the old ones from one release on
// and completed by a walk before the next one reads them. An index is added to the table, and filled by DynamoDB, before
// the functions that query it are deployed. So the order is: the table, what reads, what writes; clients at any time, since
// the HTTP API only adds. Events are never rewritten, because they are sealed as they are: package audit reads every form that
// there ever was. Sealed values say their own version in their first byte, and resealing brings them to the newest.
//
// testdata/upgrade has what releases wrote, and the number of every form that is stored. A release that changes one adds its
// own folder there; tests read all of them with the present program.
//
// keys.go lists every key and every access pattern; records.go the attributes of every item.
package secrets
