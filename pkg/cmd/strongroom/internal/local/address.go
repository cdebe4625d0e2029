package local

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// DefaultAddr and DefaultKMSAddr are where the server and its KMS listen, and DefaultData is where its data is, unless told
// otherwise.
const (
	DefaultAddr    = "127.0.0.1:8787"
	DefaultKMSAddr = "127.0.0.1:8788"
	DefaultData    = ".strongroom"
)

// A door is one of the two places where the server listens: the variable that says where, the address unless it is said,
// and the file in the data folder that notes it.
type door struct{ variable, address, file string }

var (
	apiDoor = door{"STRONGROOM_ADDR", DefaultAddr, urlFile}
	kmsDoor = door{"STRONGROOM_KMS_ADDR", DefaultKMSAddr, kmsURLFile}
)

// check refuses addresses that other machines could reach: requests travel in clear.
func (d door) check(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port == "" {
		return fmt.Errorf("%s must be HOST:PORT, such as %s", d.variable, d.address)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%s is %q, which other machines may reach; a local server listens on loopback only: "+
		"127.0.0.1, [::1] or localhost, such as %s", d.variable, addr, d.address)
}

// url is where the server of a folder answers at this door: as it noted when it began to listen, or as addr says, or by default.
// An addr with port 0 says nothing.
func (d door) url(folder, addr string) string {
	if _, port, err := net.SplitHostPort(addr); err == nil && port != "0" {
		return "http://" + addr
	}
	noted, err := os.ReadFile(filepath.Join(folder, d.file)) //nolint:gosec // the operator's
	if err == nil && len(noted) > 0 {
		return strings.TrimSpace(string(noted))
	}
	return "http://" + d.address
}
