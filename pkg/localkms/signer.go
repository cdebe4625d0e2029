package localkms

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/envelope"
	"strongroom/pkg/wholefile"
)

// A Signer is the key that signs. Its methods may be called at the same time, and never wait.
type Signer struct {
	id     uuid.UUID
	key    *ecdsa.PrivateKey
	public []byte
}

var _ envelope.Signer = (*Signer)(nil)

// signerFile is the file of a signing key: the private scalar of the curve P-256, 32 bytes.
type signerFile struct {
	Version  int    `json:"version"`
	ARN      string `json:"arn"`
	Material []byte `json:"material"`
}

// OpenSigner reads the file of the signing key, or makes it with a new key where there is none; its folder must exist. A
// file that others can read, or that is not a whole one, is an error and is left as it is.
func OpenSigner(path string) (*Signer, error) {
	content, err := readFile(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createSigner(path); err != nil {
			return nil, fmt.Errorf("localkms: making %s: %w", path, err)
		}
		content, err = readFile(path, maxFile)
	}
	if err != nil {
		return nil, fmt.Errorf("localkms: %w", err)
	}
	s, err := parseSigner(content)
	if err != nil {
		return nil, fmt.Errorf("localkms: %s %w; restore it from a backup, or remove it: what it signed stays, and what "+
			"follows is signed by another key", path, err)
	}
	return s, nil
}

func createSigner(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	material, err := key.Bytes()
	if err != nil {
		return err
	}
	content, err := json.MarshalIndent(signerFile{version, arnPrefix + uuid.NewString(), material}, "", "  ")
	if err != nil {
		return err
	}
	if err := wholefile.Create(path, append(content, '\n')); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// parseSigner checks everything. Its errors hold none of the content.
func parseSigner(content []byte) (*Signer, error) {
	var f signerFile
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&f)
	if _, end := decoder.Token(); err != nil || !errors.Is(end, io.EOF) {
		return nil, fmt.Errorf("%w: it is not the JSON expected", errNotWhole)
	}
	if f.Version != version {
		return nil, fmt.Errorf("is a key file of version %d, and this program knows version %d", f.Version, version)
	}
	text, ok := strings.CutPrefix(f.ARN, arnPrefix)
	id, err := uuid.Parse(text)
	if !ok || err != nil || id.String() != text {
		return nil, fmt.Errorf("%w: the key's ARN is not one", errNotWhole)
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), f.Material)
	if err != nil {
		return nil, fmt.Errorf("%w: its key is none of the curve P-256", errNotWhole)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	return &Signer{id, key, public}, err
}

// ARN is the key's name as KMS would write it.
func (s *Signer) ARN() string { return arnPrefix + s.id.String() }

// String is the ARN; the key itself is never printed.
func (s *Signer) String() string { return s.ARN() }

// Sign signs a SHA-256 digest.
func (s *Signer) Sign(ctx context.Context, digest [32]byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return ecdsa.SignASN1(rand.Reader, s.key, digest[:])
}

// PublicKey answers the public half, in DER.
func (s *Signer) PublicKey(ctx context.Context) ([]byte, error) {
	return bytes.Clone(s.public), ctx.Err()
}
