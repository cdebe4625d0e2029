//go:build unix

package config

import "golang.org/x/sys/unix"

// mayWrite says whether this process may make files in a folder; on a file system that is read only nobody may.
func mayWrite(folder string) bool { return unix.Access(folder, unix.W_OK|unix.X_OK) == nil }
