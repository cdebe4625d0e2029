package rotation

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Target is where the database listens, host:port.
func (d *Database) Target() string { return hostPort(d.Host, strconv.Itoa(d.Port)) }

// Target is none: keys are made and deleted in AWS, wherever the settings' user is.
func (*IAMSettings) Target() string { return "" }

// Target is none.
func (*RandomSettings) Target() string { return "" }

// Target is the URL's host, with its port.
func (s *HTTPSettings) Target() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	default:
		port = "443"
	}
	return hostPort(u.Hostname(), port)
}

// Target is the function's ARN, where it is sent values.
func (s *LambdaSettings) Target() string {
	if !s.IncludeValues {
		return ""
	}
	return s.FunctionARN
}

// hostPort is host:port, or [address]:port for an address of IPv6.
func hostPort(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + port
}

// Targets are a list of what a worker may send values to that clients encrypt. It is the worker's own: the settings of rotations
// come from the server, which must not say who else is told. The zero value allows none.
type Targets struct {
	all   bool
	exact map[string]bool
	// beneath are the ends of names, from their first dot on, with a port or without one.
	beneath []string
}

// ParseTargets reads a list, with commas between its entries: a host, which is meant with every port; host:port; *.example.com, for
// every name beneath that one, with a port or without one; the ARN of a Lambda function as the settings name it; and * alone for
// everything. Addresses of IPv6 stand in brackets where a port follows. An empty text allows none.
func ParseTargets(text string) (t Targets, err error) {
	t.exact = map[string]bool{}
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		if entry == "*" {
			t.all = true
			continue
		}
		if lambdaARN.MatchString(entry) {
			t.exact[entry] = true
			continue
		}
		host, port, ok := splitTarget(entry)
		name, wild := strings.CutPrefix(host, "*.")
		var p ConfigError
		if checkHost(&p, "", name); !ok || len(p) > 0 {
			return Targets{}, fmt.Errorf("%q is no target: write a host, host:port, *.example.com, a Lambda function's ARN, or * for all", entry)
		}
		if wild {
			t.beneath = append(t.beneath, "."+name+port)
		} else {
			t.exact[host+port] = true
		}
	}
	return t, nil
}

// Allows says whether a target of settings (Settings.Target) is on the list. Names are compared as they are written, but for the
// case of their letters, and never looked up.
func (t Targets) Allows(target string) bool {
	if t.all || t.exact[target] {
		return true
	}
	host, port, ok := splitTarget(target)
	if !ok {
		return false
	}
	if t.exact[host] || t.exact[host+port] {
		return true
	}
	for _, end := range t.beneath {
		if strings.HasSuffix(host, end) || strings.HasSuffix(host+port, end) {
			return true
		}
	}
	return false
}

// splitTarget takes a host and, from its colon on, a port apart, which is empty where there is none. What is not written in ASCII is
// refused: several spellings mean one name.
func splitTarget(text string) (host, port string, ok bool) {
	for _, r := range text {
		if r > 0x7f {
			return "", "", false
		}
	}
	host = strings.ToLower(text)
	address := host
	if strings.HasPrefix(host, "[") {
		end := strings.IndexByte(host, ']')
		if end < 0 {
			return "", "", false
		}
		address, port = host[1:end], host[end+1:]
	} else if at := strings.IndexByte(host, ':'); at >= 0 && at == strings.LastIndexByte(host, ':') {
		address, port = host[:at], host[at:]
	}
	if port != "" {
		n, err := strconv.ParseUint(port[1:], 10, 16)
		if err != nil || port != ":"+strconv.FormatUint(n, 10) || n == 0 {
			return "", "", false
		}
	}
	if ip, err := netip.ParseAddr(address); err == nil {
		return ip.String(), port, true
	}
	return address, port, !strings.ContainsAny(address, ":[]")
}
