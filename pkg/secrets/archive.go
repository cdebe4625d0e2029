package secrets

import (
	"context"
	"errors"
)

// ErrArchived is an archive's error where it keeps something else under a name: what is archived first stays, so one of the
// two is not what Strongroom signed, or two deployments share an archive.
var ErrArchived = errors.New("the archive has something else under that name, which stays")

// An Archive keeps copies of seals where nobody, Strongroom included, changes them any more: S3 under Object Lock, or a
// folder. Its methods may be called at the same time.
type Archive interface {
	// Get answers what is kept under a name, and whether there is something.
	Get(ctx context.Context, name string) (content []byte, found bool, err error)
	// Put keeps content under a name. Where there is some of that name it stays as it is, which is no error if it is the same,
	// and else an error that wraps ErrArchived.
	Put(ctx context.Context, name string, content []byte) error
}

// What the names of all that is archived begin with: the seals of hours, and what was removed.
const (
	archivedSeal    = "seal-"
	archivedRemoval = "removal-"
)

// ArchivePrefixes are what names in an archive begin with, for whoever says who may read and write there.
func ArchivePrefixes() []string { return []string{archivedSeal, archivedRemoval} }
