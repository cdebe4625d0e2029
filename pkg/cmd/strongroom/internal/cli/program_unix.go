//go:build unix

package cli

import "syscall"

// replaceProcess has a program take the place of this one, with its process id, terminal and parent: what becomes of it,
// its parent learns itself. It answers only if that fails.
func replaceProcess(path string, args, env []string) error {
	return syscall.Exec(path, args, env) //nolint:gosec // what the user asked for
}
