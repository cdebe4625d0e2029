package secrets

import "context"

// An Archive keeps copies of seals where nobody, Strongroom included, changes them any more: S3 under Object Lock, or a
// folder. Its methods may be called at the same time.
type Archive interface {
	// Get answers what is kept under a name, and whether there is something.
	Get(ctx context.Context, name string) (content []byte, found bool, err error)
	// Put keeps content under a name. Where there is some of that name it stays as it is, which is no error.
	Put(ctx context.Context, name string, content []byte) error
}
