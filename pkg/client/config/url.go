package config

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

var (
	hostForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*$`)
	pathForm = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)
	// numberForm is a last label that some resolvers read as a part of an IPv4 address: 127.1, 0x7f000001.
	numberForm = regexp.MustCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)$`)
)

var errURLForm = errors.New("must be the URL of a Strongroom: https://HOST or https://HOST/STAGE, without user, query and fragment")

// NormalURL answers the one form in which the URL of a Strongroom is compared: the host in lower case, no port that goes
// without saying, no slash at the end. It refuses what is not https (http is for localhost and loopback addresses
// alone), and what different programs could take for different places. Its errors don't repeat the text.
func NormalURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(text, "?#") {
		return "", errURLForm
	}
	host, loopback, err := normalHost(u.Hostname())
	if err != nil {
		return "", err
	}
	port, err := normalPort(u.Scheme, strings.TrimPrefix(u.Host[strings.LastIndexByte(u.Host, ']')+1:], u.Hostname()))
	if err != nil {
		return "", err
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	if !pathForm.MatchString(path) || strings.Contains(path+"/", "/./") || strings.Contains(path+"/", "/../") {
		return "", errors.New("must have a path of letters, digits and -._~ alone, as in https://HOST/STAGE")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return "", errors.New("must begin with https:// ; http:// is for 127.0.0.1, [::1] and localhost alone")
	}
	return u.Scheme + "://" + host + port + path, nil
}

// normalHost is the host as it stands in a URL, and whether it is this machine.
func normalHost(host string) (normal string, loopback bool, err error) {
	if address, err := netip.ParseAddr(host); err == nil {
		if address.Zone() != "" || address.Is4In6() {
			return "", false, errors.New("must have an address without zone, and an IPv4 one as IPv4")
		}
		if address.Is6() {
			return "[" + address.String() + "]", address.IsLoopback(), nil
		}
		return address.String(), address.IsLoopback(), nil
	}
	host = strings.ToLower(host)
	if len(host) > 253 || !hostForm.MatchString(host) || numberForm.MatchString(host) {
		return "", false, errors.New("must have a host in ASCII (xn--… where it has other letters), without a dot at the end")
	}
	return host, host == "localhost", nil
}

// normalPort takes what follows the host, ":8787", and leaves out the scheme's own port.
func normalPort(scheme, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	digits := strings.TrimPrefix(text, ":")
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || port == 0 || strconv.FormatUint(port, 10) != digits {
		return "", errors.New("must have a port from 1 to 65535, or none")
	}
	if scheme == "https" && port == 443 || scheme == "http" && port == 80 {
		return "", nil
	}
	return ":" + digits, nil
}
