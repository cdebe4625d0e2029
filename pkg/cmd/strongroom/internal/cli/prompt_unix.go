//go:build unix

package cli

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// quiet turns a terminal's echo and its editing of lines off. Keys are signals as before, and what is written is shown as before.
func quiet(f *os.File) error {
	t, err := unix.IoctlGetTermios(int(f.Fd()), getTermios)
	if err != nil {
		return err
	}
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.IEXTEN
	t.Iflag &^= unix.ICRNL | unix.INLCR | unix.IGNCR
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(int(f.Fd()), setTermios, t)
}

// drain reads what was typed, and forgets it.
func drain(f *os.File) {
	buffer := make([]byte, 4096)
	for pending(f, 0) {
		if n, err := f.Read(buffer); n == 0 || err != nil {
			return
		}
	}
}

// pending says whether a file has something to be read, or will have within a while.
func pending(f *os.File, within time.Duration) bool {
	var set unix.FdSet
	set.Set(int(f.Fd()))
	timeout := unix.NsecToTimeval(within.Nanoseconds())
	n, err := unix.Select(int(f.Fd())+1, &set, nil, nil, &timeout)
	return err == nil && n > 0
}
