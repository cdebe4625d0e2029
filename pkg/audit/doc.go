// Package audit is the record of who did, or tried to do, what: the form of an event as it is stored, sealed and verified.
//
// # Events
//
// An [Event] says who acted, when, from where, what was decided and why, and which values left or were written, by their
// secret's id and version. It never holds a value, a note or a signature. [Event.Encode] gives its stored form: one
// deterministic CBOR map (RFC 8949, section 4.2) with small integer keys, so that what was sealed is exactly what is
// stored and exported. An event of one secret is under a kilobyte, which is one write unit of DynamoDB; a bulk read of a
// hundred is under three.
//
// # Hours
//
// An event belongs to the hour of its writing, UTC: [HourOf]. Its id is a UUID of version 7, so that ids are in the order
// of time.
package audit
