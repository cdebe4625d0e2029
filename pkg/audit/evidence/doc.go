// Package evidence is the file in which audit events leave Strongroom, and what can be proved from it with no connection.
//
// # The format
//
// UTF-8, JSON Lines: each line is a JSON object of one member, whose name says what the line is. Hours are those of UTC
// in which events were written, as 2026-11-26T15, bytes are in standard base64, ids are UUIDs in lower case.
//
//	{"header": {"format": "strongroom events", "version": 1, "organization", "from", "to", "exportedAt"}}
//	{"removal": {"body", "signature", "readable"}}
//	{"seal": {"body", "signature", "readable"}}
//	{"index": {"hour", "shard", "entries"}}
//	{"event": {"hour", "shard", "id", "stored", "readable"}}
//	{"end": {"lines"}}
//
// The header comes first, the end last; it counts the lines before it. Between them hours are in their order: a removal
// stands for the hours it removed; each other hour has its seal, then shard by shard, sorted by name, the index, in one
// line or several, and the events in the order of their ids. Hours that are not sealed yet have events alone. What removals and seals
// say, and how they are signed, package audit documents: body is what was signed, stored is the event as it was written
// and sealed. Readable is the same for people, in the form of the API; it is compared, and proves nothing by itself.
// An index may be left out: without it a change is found, but not which event it is.
//
// # Verification
//
// [Verify] finds what was removed, altered, inserted, duplicated or reordered since an hour was sealed, names the hour, the shard and, by
// the index, the event; seals and hours that are missing; and whatever of the chain does not fit. It trusts the keys that
// it is given. Without any it takes the first seal's, which shows only that nobody without that key changed anything: the
// report says which that was, to be compared with what KMS publishes.
//
// What no file can show by itself is that it ends, or begins, where it should: compare the hours that the report says are
// covered. What was written in the last seventy minutes is not covered, since an hour is sealed ten minutes after it
// ended; the report counts it. And who signs may write whatever they like: against them there are the copies of the seals in
// the archive, which nobody can replace.
package evidence
