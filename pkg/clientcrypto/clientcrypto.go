// Package clientcrypto is a client-encrypted value, for both sides: what a client does before it sends one and when it
// gets one back, and the exact form (a JWE, RFC 7516) that the server stores without being able to read it.
//
// # The form
//
// The value is encrypted with A256GCM under a random key, and that key with A256GCMKW (RFC 7518, section 4.7) under the
// project key of each project that the secret is in. A kid is the id of a project key. The protected header carries a
// member "strongroom", the [Binding]: which organization, secret, name and projects (sorted) the value was made for.
//
// In one project a value is in compact form; the protected header holds alg, enc, kid, iv, tag and strongroom. In two
// to ten it is in general JSON form; the protected header holds enc and strongroom, and each recipient's own header
// alg, kid, iv and tag. Nothing else may stand anywhere: no zip, crit, typ or aad, no header shared by all recipients,
// no flattened form, no member twice, no encrypted_key beside recipients (which RFC 7516, section 7.2, does not allow
// and some libraries write all the same). Ids are lower-case UUIDs; base64url is without padding, line breaks or stray
// bits. So a value has one meaning to every library that reads it.
//
// # Who checks what
//
// [Inspect] checks the form and [Envelope.Check] the binding and the recipients, both without a key: what they can't see
// is whether the ciphertext opens. Only a holder of a project key can say that. This is the server's part.
//
// A client makes values with [Encrypt], reads them with [Open], and brings them to another place or key with [Reencrypt].
// It trusts the server with nothing that decides secrecy: Open takes the place from its caller, who pinned it, checks the
// form (so the algorithms), the place and the recipients before it decrypts, reads the binding from the protected header
// alone, and accepts only what opens with a key of the very project that is read through. So values that were swapped,
// altered, made for another place, or put into another form are refused, and so is plaintext. Keys are unwrapped by AWS
// KMS under [KeyContext], with the client's own identity.
//
// # What can't be detected here
//
//   - An older value of the same secret, under the same name and in the same project, answered as the current one: it is
//     genuine. A client that remembers the versions it has seen notices a step back.
//   - Who of a project's key holders wrote a value: they share the key, and can imitate each other. That goes for whoever
//     could read a value that was shared with the project, too: from it they know that value's content key and its
//     wrapped form under the project's key, which together make new values that the project's readers accept, for any
//     place in it, if the server plays along. No value that was written becomes readable by it; but a client that takes the
//     recipients of its next value from such a header writes for them, too (package client says so). Only a new project key, with
//     the old one no longer accepted, ends it; JWE has no means against it.
//   - Recipients of other projects that were altered or replaced by as many others: nobody of those projects can open the
//     value then, and everybody of this one reads what was written.
//   - That the server answers nothing, or says that there is no such secret.
//   - How long a value is: its ciphertext has the same length.
//
// Errors never hold a part of the value, which may be plaintext that a client failed to encrypt.
package clientcrypto

import (
	"github.com/google/uuid"
)

// Limits of a client-encrypted value.
const (
	// MaxPlaintext is how many bytes a value has at most before it is encrypted.
	MaxPlaintext = 64 << 10
	// MaxRecipients is how many projects a value is encrypted for at most.
	MaxRecipients = 10
	// MaxHeader is how many bytes a protected header has at most, decoded: a name of 512 bytes, each of them escaped,
	// ten projects, and room.
	MaxHeader = 6 << 10
	// maxName is how many bytes a secret's name has at most, as the server takes it.
	maxName = 512
	// MaxLength is how many bytes a serialized value has at most: MaxPlaintext and MaxHeader in base64, ten recipients
	// of 256 bytes, and room for white space.
	MaxLength = 100 << 10
)

// A Binding is the place that a value was made for.
type Binding struct {
	Organization, Secret uuid.UUID
	Name                 string
	// Projects are sorted by their bytes, each once; Inspect answers them so, and Check takes them in any order.
	Projects []uuid.UUID
}

// An Envelope is what a value says of itself: its protected header's binding, and the project keys that open it.
type Envelope struct {
	Binding Binding
	// Recipients are the ids of project keys, in the order of the value, each once.
	Recipients []uuid.UUID
}
