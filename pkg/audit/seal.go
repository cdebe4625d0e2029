package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// SealAfter is how long after an hour's end it is sealed. Nothing is written into an hour so late: a write has seconds.
const SealAfter = 10 * time.Minute

// A Shard is what a seal says of the events of one shard.
type Shard struct {
	Name string `json:"shard"`
	// Count is how many events there are, Root the root of their tree, in the order of their ids.
	Count int64 `json:"count"`
	Root  Hash  `json:"root"`
	// Index is the SHA-256 of the shard's index: its entries, one behind the other.
	Index Hash `json:"index"`
}

// A Seal is what is said of an hour, once it is over.
type Seal struct {
	Organization uuid.UUID `json:"organization"`
	Hour         Hour      `json:"hour"`
	// SealedAt is in whole milliseconds, UTC.
	SealedAt time.Time `json:"sealedAt"`
	// Shards are those that have events, sorted by name.
	Shards []Shard `json:"shards"`
	// Previous is the hash of the seal of the hour before; nil in the first seal that ever was.
	Previous *Hash `json:"previous,omitempty"`
	// KeyARN is the KMS key that signs, PublicKey its public half.
	KeyARN    string    `json:"keyArn"`
	PublicKey PublicKey `json:"publicKey"`
}

// Shard is what the seal says of a shard; a count of nothing where it says nothing.
func (s Seal) Shard(name string) Shard {
	i := slices.IndexFunc(s.Shards, func(h Shard) bool { return h.Name == name })
	if i < 0 {
		return Shard{Name: name, Root: new(Tree).Root(), Index: NewIndex().Hash()}
	}
	return s.Shards[i]
}

// Events is how many events the hour has.
func (s Seal) Events() int64 {
	var n int64
	for _, shard := range s.Shards {
		n += shard.Count
	}
	return n
}

// sealForm begins every seal, so that no signature of one is good for anything else that the key signs.
const sealForm = "strongroom seal 1"

// sealBody is a seal as it is signed. A key is never used for anything else.
type sealBody struct {
	signedBy
	Form         string      `cbor:"1,keyasint"`
	Organization uuid.UUID   `cbor:"2,keyasint"`
	Hour         Hour        `cbor:"3,keyasint"`
	SealedAt     int64       `cbor:"4,keyasint"`
	Shards       []shardBody `cbor:"5,keyasint"`
	Previous     []byte      `cbor:"6,keyasint,omitempty"`
}

type shardBody struct {
	_     struct{} `cbor:",toarray"`
	Name  string
	Count int64
	Root  []byte
	Index []byte
}

// Encode is what is signed of the seal, in CBOR of one form only.
func (s Seal) Encode() []byte {
	body := sealBody{
		Form: sealForm, Organization: s.Organization, Hour: s.Hour, SealedAt: s.SealedAt.UnixMilli(), Shards: []shardBody{},
		Previous: s.Previous.bytes(), signedBy: signedBy{s.KeyARN, s.PublicKey},
	}
	for _, shard := range s.Shards {
		body.Shards = append(body.Shards, shardBody{Name: shard.Name, Count: shard.Count, Root: shard.Root[:], Index: shard.Index[:]})
	}
	return must(encoding.Marshal(body))
}

func decodeSeal(encoded []byte) (Seal, error) {
	var body sealBody
	if err := decodeBody(encoded, &body); err != nil {
		return Seal{}, err
	}
	if body.Form != sealForm {
		return Seal{}, fmt.Errorf("%w: it is %q, not %q", ErrStatement, body.Form, sealForm)
	}
	s := Seal{
		Organization: body.Organization, SealedAt: time.UnixMilli(body.SealedAt).UTC(), Shards: []Shard{},
		KeyARN: body.KeyARN, PublicKey: body.PublicKey,
	}
	var err error
	if s.Hour, err = ParseHour(string(body.Hour)); err != nil {
		return Seal{}, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	if s.Previous, err = hashOf(body.Previous); err != nil {
		return Seal{}, err
	}
	for i, shard := range body.Shards {
		if len(shard.Root) != len(Hash{}) || len(shard.Index) != len(Hash{}) || shard.Count < 1 ||
			i > 0 && shard.Name <= body.Shards[i-1].Name {
			return Seal{}, fmt.Errorf("%w: what it says of shard %q is malformed", ErrStatement, shard.Name)
		}
		s.Shards = append(s.Shards, Shard{shard.Name, shard.Count, Hash(shard.Root), Hash(shard.Index)})
	}
	return s, nil
}
