//go:build unix

package cli

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pending says whether a file has something to be read, or will have within a while.
func pending(f *os.File, within time.Duration) bool {
	var set unix.FdSet
	set.Set(int(f.Fd()))
	timeout := unix.NsecToTimeval(within.Nanoseconds())
	n, err := unix.Select(int(f.Fd())+1, &set, nil, nil, &timeout)
	return err == nil && n > 0
}
