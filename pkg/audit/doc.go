// Package audit is the record of who did, or tried to do, what: the form of an event as it is stored, and of the seals
// that show what was changed afterwards.
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
// of time. The events of an hour are spread over shards, each a partition of the table.
//
// # Seals
//
// A [Seal] says what an hour holds once it is over: for each shard that has events, their number and the root of a Merkle
// tree (RFC 6962) over them in the order of their ids ([Tree], [Leaf]). Every hour has one, an hour without events too,
// and each names the hash of the one before, so that an hour can't be taken out. It also names the hash of each shard's
// index: 24 bytes an event, its id and the beginning of its leaf ([Entry]), kept beside the seal. The root shows that
// something was changed, the index which event that was; it costs about three bytes for a hundred of events. A seal
// holds the public key it is signed by, so that a chain whose key was replaced can be followed; which keys are right
// is for the reader to know.
//
// A [Removal] says the same of hours that are gone, because they were older than events are kept.
//
// # What is signed
//
// A [Statement] is a seal or a removal with its signature: ECDSA over P-256 and SHA-256, as KMS signs with a key of the
// kind ECC_NIST_P256. The body is one deterministic CBOR map with small integer keys, whose first member says what it is,
// so that a signature is good for nothing else. Bodies are kept as they were signed and never encoded again.
//
//	key  seal                                   removal
//	1    "strongroom seal 1"                    "strongroom removal 1"
//	2    the organization's id                  the organization's id
//	3    the hour                               the first hour
//	4    when, in milliseconds since 1970       the last hour
//	5    [name, count, root, index's hash]…     when
//	6    the hash of the seal before            how many days events were kept
//	7                                           how many events were removed
//	8                                           the hash of the last hour's seal
//	9                                           the hash of the removal before
//	20   the ARN of the key                     the ARN of the key
//	21   the public key, in DER                 the public key, in DER
//
// Package evidence is the file in which all this leaves Strongroom, and its verification.
package audit
