//go:build !unix

package cli

import (
	"os"
	"time"
)

// quiet does nothing: there the echo ends with the prompt's begin.
func quiet(*os.File) error { return nil }

// drain does nothing: there is no way to ask whether something was typed.
func drain(*os.File) {}

// pending says that nothing more was typed: there is no way to ask. What comes in one piece is noticed all the same.
func pending(*os.File, time.Duration) bool { return false }
