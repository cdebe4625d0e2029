package localkms

import (
	"crypto/rand"

	"github.com/google/uuid"
)

// Limits of KMS (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html,
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html).
const (
	maxPlaintext = 4096 // bytes
	maxDataKey   = 1024 // bytes
)

// maxContext bounds an encryption context, in bytes of names and values together. KMS documents no bound of its own.
const maxContext = 8192

const (
	symmetric     = "SYMMETRIC_DEFAULT"
	noneSaid      = ""
	reEncryptFrom = "ReEncryptFrom"
	reEncryptTo   = "ReEncryptTo"
)

type generateDataKeyInput struct {
	KeyID             string            `json:"KeyId"`
	KeySpec           string            `json:"KeySpec"`
	NumberOfBytes     *int              `json:"NumberOfBytes"`
	EncryptionContext map[string]string `json:"EncryptionContext"`
	GrantTokens       []string          `json:"GrantTokens"`
	DryRun            bool              `json:"DryRun"`
}

type dataKeyOutput struct {
	CiphertextBlob []byte `json:"CiphertextBlob"`
	Plaintext      []byte `json:"Plaintext"`
	KeyID          string `json:"KeyId"`
}

func (e *Endpoint) generateDataKey(who Caller, in generateDataKeyInput) (dataKeyOutput, error) {
	size, err := dataKeySize(in.KeySpec, in.NumberOfBytes)
	if err != nil {
		return dataKeyOutput{}, err
	}
	key, service, err := e.use(who, usage{
		key: in.KeyID, tokens: in.GrantTokens, dryRun: in.DryRun, request: request{"GenerateDataKey", true, in.EncryptionContext},
	})
	if err != nil {
		return dataKeyOutput{}, err
	}
	plaintext := make([]byte, size)
	rand.Read(plaintext) // never fails: the program ends instead (crypto/rand)
	return dataKeyOutput{service.wrap(plaintext, in.EncryptionContext), plaintext, key.arn()}, nil
}

func dataKeySize(spec string, bytes *int) (int, error) {
	switch {
	case spec == "AES_256" && bytes == nil:
		return 32, nil
	case spec == "AES_128" && bytes == nil:
		return 16, nil
	case spec == noneSaid && bytes != nil && *bytes >= 1 && *bytes <= maxDataKey:
		return *bytes, nil
	}
	return 0, invalid("exactly one of KeySpec, AES_256 or AES_128, and NumberOfBytes, 1 to %d, is needed", maxDataKey)
}

type encryptInput struct {
	KeyID               string            `json:"KeyId"`
	Plaintext           []byte            `json:"Plaintext"`
	EncryptionContext   map[string]string `json:"EncryptionContext"`
	EncryptionAlgorithm string            `json:"EncryptionAlgorithm"`
	GrantTokens         []string          `json:"GrantTokens"`
	DryRun              bool              `json:"DryRun"`
}

type encryptOutput struct {
	CiphertextBlob      []byte `json:"CiphertextBlob"`
	KeyID               string `json:"KeyId"`
	EncryptionAlgorithm string `json:"EncryptionAlgorithm"`
}

func (e *Endpoint) encrypt(who Caller, in encryptInput) (encryptOutput, error) {
	if len(in.Plaintext) < 1 || len(in.Plaintext) > maxPlaintext {
		return encryptOutput{}, invalid("Plaintext must have 1 to %d bytes", maxPlaintext)
	}
	key, service, err := e.use(who, usage{
		key: in.KeyID, algorithm: in.EncryptionAlgorithm, tokens: in.GrantTokens, dryRun: in.DryRun,
		request: request{"Encrypt", true, in.EncryptionContext},
	})
	if err != nil {
		return encryptOutput{}, err
	}
	return encryptOutput{service.wrap(in.Plaintext, in.EncryptionContext), key.arn(), symmetric}, nil
}

type decryptInput struct {
	CiphertextBlob      []byte            `json:"CiphertextBlob"`
	KeyID               string            `json:"KeyId"`
	EncryptionContext   map[string]string `json:"EncryptionContext"`
	EncryptionAlgorithm string            `json:"EncryptionAlgorithm"`
	GrantTokens         []string          `json:"GrantTokens"`
	DryRun              bool              `json:"DryRun"`
}

type decryptOutput struct {
	KeyID               string `json:"KeyId"`
	Plaintext           []byte `json:"Plaintext"`
	EncryptionAlgorithm string `json:"EncryptionAlgorithm"`
}

func (e *Endpoint) decrypt(who Caller, in decryptInput) (decryptOutput, error) {
	plaintext, key, err := e.open(who, in.CiphertextBlob, usage{
		key: in.KeyID, algorithm: in.EncryptionAlgorithm, tokens: in.GrantTokens, dryRun: in.DryRun,
		request: request{"Decrypt", true, in.EncryptionContext},
	})
	if err != nil {
		return decryptOutput{}, err
	}
	return decryptOutput{key.arn(), plaintext, symmetric}, nil
}

type reEncryptInput struct {
	CiphertextBlob                 []byte            `json:"CiphertextBlob"`
	SourceKeyID                    string            `json:"SourceKeyId"`
	SourceEncryptionContext        map[string]string `json:"SourceEncryptionContext"`
	SourceEncryptionAlgorithm      string            `json:"SourceEncryptionAlgorithm"`
	DestinationKeyID               string            `json:"DestinationKeyId"`
	DestinationEncryptionContext   map[string]string `json:"DestinationEncryptionContext"`
	DestinationEncryptionAlgorithm string            `json:"DestinationEncryptionAlgorithm"`
	GrantTokens                    []string          `json:"GrantTokens"`
	DryRun                         bool              `json:"DryRun"`
}

type reEncryptOutput struct {
	CiphertextBlob                 []byte `json:"CiphertextBlob"`
	SourceKeyID                    string `json:"SourceKeyId"`
	KeyID                          string `json:"KeyId"`
	SourceEncryptionAlgorithm      string `json:"SourceEncryptionAlgorithm"`
	DestinationEncryptionAlgorithm string `json:"DestinationEncryptionAlgorithm"`
}

func (e *Endpoint) reEncrypt(who Caller, in reEncryptInput) (reEncryptOutput, error) {
	plaintext, from, err := e.open(who, in.CiphertextBlob, usage{
		key: in.SourceKeyID, algorithm: in.SourceEncryptionAlgorithm, tokens: in.GrantTokens,
		request: request{reEncryptFrom, true, in.SourceEncryptionContext},
	})
	if err != nil {
		return reEncryptOutput{}, err
	}
	defer clear(plaintext)
	to, service, err := e.use(who, usage{
		key: in.DestinationKeyID, algorithm: in.DestinationEncryptionAlgorithm, tokens: in.GrantTokens, dryRun: in.DryRun,
		request: request{reEncryptTo, true, in.DestinationEncryptionContext},
	})
	if err != nil {
		return reEncryptOutput{}, err
	}
	return reEncryptOutput{
		service.wrap(plaintext, in.DestinationEncryptionContext), from.arn(), to.arn(), symmetric, symmetric,
	}, nil
}

// A usage is what a caller wants to do with a key.
type usage struct {
	key       string
	algorithm string
	tokens    []string
	dryRun    bool
	request   request
}

// use finds the key and answers its service, if the caller may do that with it now.
func (e *Endpoint) use(who Caller, u usage) (storedKey, *Service, error) {
	s := e.current.Load()
	if u.algorithm != noneSaid && u.algorithm != symmetric {
		return storedKey{}, nil, failuref(invalidUsage, "the local KMS has keys of the algorithm %s only", symmetric)
	}
	if err := checkContext(u.request.context); err != nil {
		return storedKey{}, nil, err
	}
	if err := s.checkTokens(u.tokens); err != nil {
		return storedKey{}, nil, err
	}
	if signer, ok := e.signs(u.key); ok {
		return storedKey{}, nil, failuref(invalidUsage, "%s is a key for signing, not for encryption", signer.ARN())
	}
	key, err := s.key(u.key)
	if err != nil {
		return storedKey{}, nil, err
	}
	if err := e.allow(s, who, key, u.request); err != nil {
		return storedKey{}, nil, err
	}
	if key.Disabled {
		return storedKey{}, nil, failuref("DisabledException", "%s is disabled.", key.arn())
	}
	return key, s.services[key.ID.String()], dry(u.dryRun)
}

// open decrypts with the key that is named, or with the one that the ciphertext names.
func (e *Endpoint) open(who Caller, ciphertext []byte, u usage) ([]byte, storedKey, error) {
	if len(ciphertext) < 1 || len(ciphertext) > maxWrapped {
		return nil, storedKey{}, invalid("CiphertextBlob must have 1 to %d bytes", maxWrapped)
	}
	if len(ciphertext) < headerSize || ciphertext[0] != version {
		return nil, storedKey{}, errCiphertext
	}
	made := uuid.UUID(ciphertext[1:headerSize]).String()
	if u.key == noneSaid {
		if e.current.Load().services[made] == nil {
			return nil, storedKey{}, errNotYours
		}
		u.key = made
	}
	dryRun := u.dryRun
	u.dryRun = false
	key, service, err := e.use(who, u)
	if err != nil {
		return nil, storedKey{}, err
	}
	if made != key.ID.String() {
		return nil, storedKey{}, failuref("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
	}
	plaintext, err := service.unwrap(ciphertext, u.request.context)
	if err != nil {
		return nil, storedKey{}, errCiphertext
	}
	return plaintext, key, dry(dryRun)
}

func checkContext(context map[string]string) error {
	size := 0
	for name, value := range context {
		size += len(name) + len(value)
	}
	if size > maxContext {
		return invalid("an encryption context has at most %d bytes", maxContext)
	}
	return nil
}

// checkTokens refuses tokens of grants that there are not. Here a grant counts at once, so they are good for nothing else.
func (s *state) checkTokens(tokens []string) error {
	if len(tokens) > maxTokens {
		return invalid("GrantTokens must have at most %d tokens", maxTokens)
	}
	for _, token := range tokens {
		if _, ok := s.grantOf(token); !ok {
			return failuref("InvalidGrantTokenException", "a grant token is none of a grant")
		}
	}
	return nil
}
