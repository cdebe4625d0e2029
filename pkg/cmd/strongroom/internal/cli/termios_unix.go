//go:build unix && !linux && !aix && !solaris

package cli

import "golang.org/x/sys/unix"

// How macOS and the BSDs are asked for a terminal's modes, and told them.
const getTermios, setTermios = unix.TIOCGETA, unix.TIOCSETA
