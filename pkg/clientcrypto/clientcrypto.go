// Package clientcrypto is what both sides know of a client-encrypted value: the exact form of the JWE (RFC 7516) that a
// client makes before it sends anything, and that the server stores without being able to read it.
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
// is whether the ciphertext opens. Only a holder of a project key can say that.
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
