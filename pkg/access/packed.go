package access

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// packedGrant is how many bytes a grant takes where it is stored: the principal's id (16), the permission (1) and the
// expiry (8: milliseconds since 1970, big-endian, 0 for never).
const packedGrant = 16 + 1 + 8

// MarshalBinary packs the grants into sorted records of 25 bytes. It refuses a list that NewGrants would not have made.
func (list Grants) MarshalBinary() ([]byte, error) {
	if err := list.check(); err != nil {
		return nil, err
	}
	packed := make([]byte, 0, len(list)*packedGrant)
	for _, g := range list {
		packed = append(packed, g.Principal[:]...)
		packed = append(packed, byte(g.Permission)) //nolint:gosec // one of three
		var expiry int64
		if !g.ExpiresAt.IsZero() {
			expiry = g.ExpiresAt.UnixMilli()
		}
		packed = binary.BigEndian.AppendUint64(packed, uint64(expiry))
	}
	return packed, nil
}

// UnmarshalBinary is the inverse of MarshalBinary. It accepts nothing that MarshalBinary would not have written: what
// decides about access is not guessed at.
func (list *Grants) UnmarshalBinary(packed []byte) error {
	if len(packed)%packedGrant != 0 {
		return fmt.Errorf("access: %d bytes are no whole number of packed grants", len(packed))
	}
	grants := make(Grants, len(packed)/packedGrant)
	for i := range grants {
		record := packed[i*packedGrant:]
		grants[i] = Grant{Principal: uuid.UUID(record[:16]), Permission: Permission(record[16])}
		switch expiry := int64(binary.BigEndian.Uint64(record[17:packedGrant])); { //nolint:gosec // looked at below
		case expiry < 0:
			return fmt.Errorf("access: the packed grant for %s ends before 1970", grants[i].Principal)
		case expiry > 0:
			grants[i].ExpiresAt = time.UnixMilli(expiry).UTC()
		}
	}
	if err := grants.check(); err != nil {
		return err
	}
	*list = grants
	return nil
}
