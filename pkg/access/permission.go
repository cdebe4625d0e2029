package access

import "fmt"

// A Permission is how far a grant reaches. Each includes those below it. Its numbers are stored.
type Permission int

// The permissions, lowest first.
const (
	None Permission = iota
	Read
	Write
	Manage
)

// ParsePermission understands "read", "write" and "manage" and nothing else.
func ParsePermission(s string) (Permission, error) {
	switch s {
	case "read":
		return Read, nil
	case "write":
		return Write, nil
	case "manage":
		return Manage, nil
	}
	return None, fmt.Errorf("permission must be read, write or manage, not %q", s)
}

// String is the permission's name in the API, and "none" for None.
func (p Permission) String() string {
	switch p {
	case None:
		return "none"
	case Read:
		return "read"
	case Write:
		return "write"
	case Manage:
		return "manage"
	}
	return fmt.Sprintf("Permission(%d)", int(p))
}

// Valid says whether p can be granted: None can't.
func (p Permission) Valid() bool { return Read <= p && p <= Manage }

// MarshalText writes the name of a permission that can be granted.
func (p Permission) MarshalText() ([]byte, error) {
	if !p.Valid() {
		return nil, fmt.Errorf("access: %s can't be written as text", p)
	}
	return []byte(p.String()), nil
}

// UnmarshalText is the inverse of MarshalText, with the error of ParsePermission.
func (p *Permission) UnmarshalText(text []byte) error {
	parsed, err := ParsePermission(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}
