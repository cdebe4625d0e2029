// Package localkms implements envelope.KeyService and envelope.Signer over files of keys, for one machine: nothing to
// install, no account. An [Endpoint] is the same as a KMS for clients, with KMS's own protocol.
//
// The file holds two named keys, "storage" and "client", that stand for two of the three KMS keys of a deployment;
// the third one signs, and is in a file of its own. Whoever can read the file can unwrap everything, the server's process
// included, which AWS KMS's client key would not let it: what runs over localkms is for trying things and for developing.
//
// # The file
//
// JSON of the form {"version": 1, "keys": [{"name", "arn", "material"}]}, mode 0600, made once and never changed. An ARN
// has the form of KMS's, with the region us-east-1 and the account 000000000000.
//
// The key that signs has a file of its own, {"version": 1, "arn", "material"}, likewise made once: older folders of keys
// have none. Its material is the private number of the curve P-256, 32 bytes.
//
// # The wrapped form
//
//	version (1 byte, 0x01) ‖ the key's id (16 bytes) ‖ nonce (12 random bytes) ‖ ciphertext ‖ tag (16 bytes)
//
// AES-256-GCM under the named key. The associated data is the first 17 bytes and the encryption context: its pairs sorted
// by name, each name and each value preceded by its length (4 bytes, big endian). Random nonces are safe for 2^32
// messages a key; one is made for a data key or a project key, not for a value.
//
// # The endpoint
//
// It speaks KMS's JSON protocol, X-Amz-Target TrentService.OPERATION (https://docs.aws.amazon.com/kms/latest/APIReference/),
// for CreateGrant, CreateKey, Decrypt, DescribeKey, DisableKey, EnableKey, Encrypt, GenerateDataKey, GetPublicKey,
// ListAliases, ListGrants, ReEncrypt, RetireGrant, RevokeGrant, Sign and Verify. AWS's own clients work when their endpoint
// for KMS is set to it (AWS_ENDPOINT_URL_KMS). Requests are signed for the service kms, as package sigv4 checks, their
// target included.
//
// Who may do what:
//
//	the administrator                 everything with the client key, with further keys and with the signing key
//	a grantee                         what its grants allow, where their constraints hold; from the answer to CreateGrant on
//	a role under /strongroom/server/  nothing, whatever grants say: the Deny of a deployment's client key
//	anybody else                      nothing, but GetPublicKey and Verify of the signing key
//
// Nobody reaches the storage key. A grantee is an IAM user, a role or a session; a role's ARN has its path. Grants,
// further keys and aliases are in a file of their own beside the key file, JSON, mode 0600, replaced whole and synced
// before a change is acknowledged. A change takes as long as writing the file: at KMS's own 50,000 grants, about a second.
//
// What is not as in KMS: there are no IAM policies and no key policy to change, so principals need not exist and
// ListAliases is the administrator's. Grants count at once, and grant tokens are only checked to be of a grant: making a grant
// again answers the token that it has. Retired and revoked grants are gone at once. Names in constraints are compared with
// their case, which KMS does not look at. Members and operations that are not known are errors, never passed over. Keys that are made are
// symmetric; none is rotated or deleted, and there is one alias, [ClientAlias]. The signing key is named by its id or
// ARN; it can't be disabled or have grants, and DescribeKey does not know it. Errors have KMS's names and words of their
// own. All else that package kmstest asks is answered as AWS documents it.
package localkms

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/envelope"
)

const (
	version    = 1
	keySize    = 32
	nonceSize  = 12
	tagSize    = 16
	headerSize = 1 + 16
	// maxWrapped is KMS's own bound of a ciphertext to decrypt, in bytes
	// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html).
	maxWrapped = 6144

	arnPrefix = "arn:aws:kms:us-east-1:000000000000:key/"
)

// The names of the keys in every file.
const (
	Storage = "storage"
	Client  = "client"
)

// A KMS is an opened key file. Its methods may be called at the same time.
type KMS struct{ services map[string]*Service }

// Key answers the service of a named key: Storage or Client. Another name is a mistake in the program, and panics.
func (k *KMS) Key(name string) *Service {
	s, ok := k.services[name]
	if !ok {
		panic(fmt.Sprintf("localkms: no key %q", name))
	}
	return s
}

// A Service is one of the keys. Its methods may be called at the same time, and end when they are done: they never wait.
type Service struct {
	id   uuid.UUID
	aead cipher.AEAD
}

var _ envelope.KeyService = (*Service)(nil)

func newService(id uuid.UUID, material []byte) (*Service, error) {
	block, err := aes.NewCipher(material)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &Service{id: id, aead: aead}, err
}

// ARN is the key's name as KMS would write it.
func (s *Service) ARN() string { return arnPrefix + s.id.String() }

// String is the ARN; the key itself is never printed.
func (s *Service) String() string { return s.ARN() }

// GenerateDataKey makes 256 random bits and wraps them.
func (s *Service) GenerateDataKey(ctx context.Context, keyContext map[string]string) (envelope.DataKeyMaterial, error) {
	if err := ctx.Err(); err != nil {
		return envelope.DataKeyMaterial{}, err
	}
	plaintext := make([]byte, keySize)
	rand.Read(plaintext) // never fails: the program ends instead (crypto/rand)
	return envelope.DataKeyMaterial{Plaintext: plaintext, Wrapped: s.wrap(plaintext, keyContext)}, nil
}

// Decrypt unwraps what this key wrapped with that context; anything else is envelope.ErrWrapped.
func (s *Service) Decrypt(ctx context.Context, wrapped []byte, keyContext map[string]string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.unwrap(wrapped, keyContext)
}

func (s *Service) unwrap(wrapped []byte, keyContext map[string]string) ([]byte, error) {
	if len(wrapped) < headerSize+nonceSize+tagSize || len(wrapped) > maxWrapped || wrapped[0] != version {
		return nil, fmt.Errorf("localkms: %w: not made here", envelope.ErrWrapped)
	}
	header, sealed := wrapped[:headerSize], wrapped[headerSize:]
	if uuid.UUID(header[1:]) != s.id {
		return nil, fmt.Errorf("localkms: %w: made under another key", envelope.ErrWrapped)
	}
	plaintext, err := s.aead.Open(nil, nil, sealed, associatedData(header, keyContext))
	if err != nil {
		return nil, fmt.Errorf("localkms: %w", envelope.ErrWrapped)
	}
	return plaintext, nil
}

func (s *Service) wrap(plaintext []byte, keyContext map[string]string) []byte {
	header := append([]byte{version}, s.id[:]...)
	return s.aead.Seal(header, nil, plaintext, associatedData(header, keyContext)) //nolint:gosec // it makes its own nonces
}

// associatedData is the same for equal contexts, and for no others.
func associatedData(header []byte, keyContext map[string]string) []byte {
	data := slices.Clone(header)
	for _, name := range slices.Sorted(maps.Keys(keyContext)) {
		for _, part := range []string{name, keyContext[name]} {
			data = binary.BigEndian.AppendUint32(data, uint32(len(part))) //nolint:gosec // far below 4 GB
			data = append(data, part...)
		}
	}
	return data
}

var errNotWhole = errors.New("is not a whole key file")
