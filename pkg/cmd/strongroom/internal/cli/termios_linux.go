package cli

import "golang.org/x/sys/unix"

// How Linux is asked for a terminal's modes, and told them.
const getTermios, setTermios = unix.TCGETS, unix.TCSETS
