package audit

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// A Removal says that sealed hours were removed, with their events and seals, because they were older than events are
// kept. Removals are a chain of their own: each begins where the one before ended.
type Removal struct {
	Organization uuid.UUID `json:"organization"`
	// From and To are the first and the last hour that were removed.
	From Hour `json:"from"`
	To   Hour `json:"to"`
	// RemovedAt is in whole milliseconds, UTC.
	RemovedAt time.Time `json:"removedAt"`
	// Days is how long events were kept then.
	Days int `json:"days"`
	// Events is how many those hours had.
	Events int64 `json:"events"`
	// Last is the hash of the seal of the hour To, which the first seal that is left names.
	Last Hash `json:"last"`
	// Previous is the hash of the removal before; nil in the first.
	Previous  *Hash     `json:"previous,omitempty"`
	KeyARN    string    `json:"keyArn"`
	PublicKey PublicKey `json:"publicKey"`
}

const removalForm = "strongroom removal 1"

// removalBody is a removal as it is signed. A key is never used for anything else.
type removalBody struct {
	signedBy
	Form         string    `cbor:"1,keyasint"`
	Organization uuid.UUID `cbor:"2,keyasint"`
	From         Hour      `cbor:"3,keyasint"`
	To           Hour      `cbor:"4,keyasint"`
	RemovedAt    int64     `cbor:"5,keyasint"`
	Days         int       `cbor:"6,keyasint"`
	Events       int64     `cbor:"7,keyasint"`
	Last         []byte    `cbor:"8,keyasint"`
	Previous     []byte    `cbor:"9,keyasint,omitempty"`
}

// Encode is what is signed of the removal, in CBOR of one form only.
func (r Removal) Encode() []byte {
	return must(encoding.Marshal(removalBody{
		Form: removalForm, Organization: r.Organization, From: r.From, To: r.To, RemovedAt: r.RemovedAt.UnixMilli(),
		Days: r.Days, Events: r.Events, Last: r.Last[:], Previous: r.Previous.bytes(), signedBy: signedBy{r.KeyARN, r.PublicKey},
	}))
}

func decodeRemoval(encoded []byte) (Removal, error) {
	var body removalBody
	if err := decodeBody(encoded, &body); err != nil {
		return Removal{}, err
	}
	if body.Form != removalForm || len(body.Last) != len(Hash{}) {
		return Removal{}, fmt.Errorf("%w: it is %q, not %q", ErrStatement, body.Form, removalForm)
	}
	r := Removal{
		Organization: body.Organization, RemovedAt: time.UnixMilli(body.RemovedAt).UTC(), Days: body.Days, Events: body.Events,
		Last: Hash(body.Last), KeyARN: body.KeyARN, PublicKey: body.PublicKey,
	}
	var err error
	if r.From, err = ParseHour(string(body.From)); err != nil {
		return Removal{}, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	if r.To, err = ParseHour(string(body.To)); err != nil || r.To < r.From {
		return Removal{}, fmt.Errorf("%w: it ends with the hour %q", ErrStatement, body.To)
	}
	r.Previous, err = hashOf(body.Previous)
	return r, err
}
