package access

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// A Grant gives a principal (a user, a service account or a group) a permission on the project or secret that holds it.
type Grant struct {
	Principal  uuid.UUID
	Permission Permission
	// ExpiresAt is when the grant ends, in whole milliseconds, UTC; zero if never. It holds while now is before it.
	ExpiresAt time.Time
}

// IsZero says whether g is no grant at all.
func (g Grant) IsZero() bool { return g.Permission == None }

// Holds says whether g is unexpired at now.
func (g Grant) Holds(now time.Time) bool {
	return g.ExpiresAt.IsZero() || now.Before(g.ExpiresAt)
}

// Same says whether two grants give the same principal the same permission until the same moment.
func (g Grant) Same(other Grant) bool {
	return g.Principal == other.Principal && g.Permission == other.Permission && g.ExpiresAt.Equal(other.ExpiresAt)
}

// Covers says whether g gives no less than another grant, and for no shorter, whomever.
func (g Grant) Covers(other Grant) bool {
	return g.Permission >= other.Permission && !outlasts(other.ExpiresAt, g.ExpiresAt)
}

// Grants are the grants on one resource: sorted by principal, at most one for each. Make them with NewGrants.
type Grants []Grant

// A DuplicateError says that two grants name the same principal.
type DuplicateError struct {
	// Principal is whom both grants name.
	Principal uuid.UUID
}

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("principal %s has more than one grant", e.Principal)
}

// NewGrants sorts grants into a list of its own and cuts what lies below a millisecond off their expiries. A second
// grant for a principal is a *DuplicateError; a grant of None, for the nil UUID, or until 1970 or before is refused too.
func NewGrants(grants ...Grant) (Grants, error) {
	list := make(Grants, len(grants))
	for i, g := range grants {
		if !g.ExpiresAt.IsZero() {
			g.ExpiresAt = g.ExpiresAt.UTC().Truncate(time.Millisecond)
		}
		list[i] = g
	}
	slices.SortFunc(list, func(a, b Grant) int { return compareIDs(a.Principal, b.Principal) })
	return list, list.check()
}

// check answers how list is not what Grants promises.
func (list Grants) check() error {
	for i, g := range list {
		if i > 0 {
			switch order := compareIDs(list[i-1].Principal, g.Principal); {
			case order == 0:
				return &DuplicateError{Principal: g.Principal}
			case order > 0:
				return errors.New("access: grants are not sorted")
			}
		}
		if err := g.check(); err != nil {
			return err
		}
	}
	return nil
}

func (g Grant) check() error {
	switch {
	case g.Principal == uuid.Nil:
		return errors.New("access: a grant names no principal")
	case !g.Permission.Valid():
		return fmt.Errorf("access: a grant for %s gives %s", g.Principal, g.Permission)
	case !g.ExpiresAt.IsZero() && g.ExpiresAt.UnixMilli() <= 0:
		return fmt.Errorf("access: a grant for %s expired before it could be written", g.Principal)
	}
	return nil
}

// Find answers the grant for a principal, expired or not, and whether there is one.
func (list Grants) Find(principal uuid.UUID) (Grant, bool) {
	i, ok := list.search(principal)
	if !ok {
		return Grant{}, false
	}
	return list[i], true
}

// search is a binary search by hand: it runs once for each group and resource of every request, and what
// slices.BinarySearchFunc would cost there is most of a decision.
func (list Grants) search(principal uuid.UUID) (int, bool) {
	low, high := 0, len(list)
	for low < high {
		middle := int(uint(low+high) >> 1)
		switch order := compareIDs(list[middle].Principal, principal); {
		case order == 0:
			return middle, true
		case order < 0:
			low = middle + 1
		default:
			high = middle
		}
	}
	return low, false
}

// compareIDs orders UUIDs by their bytes.
func compareIDs(a, b uuid.UUID) int {
	if order := cmp.Compare(binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(b[:8])); order != 0 {
		return order
	}
	return bytes.Compare(a[8:], b[8:])
}

// A Change is what happens to one principal's grant. Old is zero where it had none, New where it loses it.
type Change struct {
	Principal uuid.UUID
	Old, New  Grant
}

// Changed answers what differs between two lists, sorted by principal.
func Changed(before, after Grants) []Change {
	var changes []Change
	for len(before) > 0 || len(after) > 0 {
		var c Change
		order := 0
		switch {
		case len(after) == 0:
			order = -1
		case len(before) == 0:
			order = 1
		default:
			order = compareIDs(before[0].Principal, after[0].Principal)
		}
		if order <= 0 {
			c.Old, before = before[0], before[1:]
			c.Principal = c.Old.Principal
		}
		if order >= 0 {
			c.New, after = after[0], after[1:]
			c.Principal = c.New.Principal
		}
		if !c.Old.Same(c.New) {
			changes = append(changes, c)
		}
	}
	return changes
}
