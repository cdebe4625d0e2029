package local

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// DefaultAddr is where the server listens, and DefaultData where its data is, unless told otherwise.
const (
	DefaultAddr = "127.0.0.1:8787"
	DefaultData = ".strongroom"
)

// checkAddr refuses addresses that other machines could reach: requests travel in clear.
func checkAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port == "" {
		return fmt.Errorf("STRONGROOM_ADDR must be HOST:PORT, such as %s", DefaultAddr)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("STRONGROOM_ADDR is %q, which other machines may reach; a local server listens on loopback only: "+
		"127.0.0.1, [::1] or localhost, such as %s", addr, DefaultAddr)
}

// urlOf is where the server of a folder answers: as it noted when it began to listen, or as addr says, or by default.
// An addr with port 0 says nothing.
func urlOf(folder, addr string) string {
	if _, port, err := net.SplitHostPort(addr); err == nil && port != "0" {
		return "http://" + addr
	}
	noted, err := os.ReadFile(filepath.Join(folder, urlFile)) //nolint:gosec // the operator's
	if err == nil && len(noted) > 0 {
		return strings.TrimSpace(string(noted))
	}
	return "http://" + DefaultAddr
}
