//go:build !unix

package cli

import (
	"os"
	"time"
)

// pending says that nothing more was typed: there is no way to ask. What comes in one piece is noticed all the same.
func pending(*os.File, time.Duration) bool { return false }
