package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"strongroom/pkg/client"
	"strongroom/pkg/operation"
)

// organizationID is the path parameter that is looked up where it is not given.
const organizationID = "organizationId"

// Parameters are what was given as --param or --header, by name.
type parameters map[string]string

// parsePairs reads NAME=VALUE, each name once.
func parsePairs(flag string, pairs []string) (parameters, error) {
	p := parameters{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usage("--%s must be NAME=VALUE", flag)
		}
		if _, twice := p[name]; twice {
			return nil, usage("--%s %s is there twice", flag, name)
		}
		p[name] = value
	}
	return p, nil
}

// newRequest puts a request for an operation together. It is sent once: a program that calls operations itself decides
// itself about another attempt.
func newRequest(row operation.Row, p parameters) (client.Request, error) {
	route := row.Trigger.(operation.HTTP) //nolint:errcheck,forcetypeassert // commands are made for HTTP rows alone
	if err := checkParameters(row.Name, route, p); err != nil {
		return client.Request{}, err
	}
	r := client.Request{Operation: row.Name, Path: p, Query: url.Values{}, Header: http.Header{}, Once: true}
	for _, name := range route.Query {
		if value, ok := p[name]; ok {
			r.Query.Set(name, value)
		}
	}
	return r, nil
}

// checkParameters refuses parameters that the operation does not know, and path parameters that are missing or
// would lead elsewhere.
func checkParameters(name operation.Name, route operation.HTTP, p parameters) error {
	known := append(route.PathParameters(), route.Query...)
	for given := range p {
		if !slices.Contains(known, given) {
			return usage("%s has no parameter %q; %s", name, given, knownParameters(known))
		}
	}
	for _, needed := range route.PathParameters() {
		switch value, given := p[needed]; {
		case !given && needed == organizationID: // the pinned one
		case value == "":
			return usage("%s needs --param %s=…", name, needed)
		case value == ".", value == "..", strings.Contains(value, "/"): // API Gateway would take it for another route
			return usage("--param %s can't be %q, nor have a slash in it", needed, value)
		}
	}
	return nil
}

func knownParameters(known []string) string {
	if len(known) == 0 {
		return "it takes none"
	}
	return "it takes " + strings.Join(known, ", ")
}

// setHeaders adds headers, but for those that belong to the signature and to HTTP itself.
func setHeaders(r *client.Request, headers parameters) error {
	for name, value := range headers {
		lower := strings.ToLower(name)
		switch {
		case strings.HasPrefix(lower, "x-amz-"),
			slices.Contains([]string{"authorization", "host", "content-length", "content-type", "user-agent",
				"connection", "transfer-encoding", "expect", "upgrade", "te", "trailer"}, lower):
			return usage("--header %s is set by this program", name)
		case strings.ContainsAny(name, " \t\r\n:") || strings.ContainsAny(value, "\r\n"):
			return usage("--header must be NAME=VALUE, on one line")
		}
		r.Header.Set(name, value)
	}
	return nil
}

// readBody reads the file that --body names, "-" for standard input.
func (m *Main) readBody(name operation.Name, takes bool, file string) ([]byte, error) {
	switch {
	case takes && file == "":
		return nil, usage("%s needs --body FILE, or --body - for standard input", name)
	case !takes && file != "":
		return nil, usage("%s takes no --body", name)
	case !takes:
		return nil, nil
	}
	read := os.ReadFile
	if file == "-" {
		read = func(string) ([]byte, error) { return io.ReadAll(m.Stdin) }
	}
	body, err := read(file)
	if err != nil {
		return nil, usage("the body can't be read: %w", err)
	}
	if body == nil {
		body = []byte{}
	}
	return body, nil
}

// describe is the help of an operation: its route and everything that it takes.
func describe(row operation.Row, route operation.HTTP) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s.\n\n  %s\n", row.Name, row.Summary, route.Route())
	const width = len("--param continuationToken=…") - len("…") + 1 // the longest, in characters
	line := func(name, what string) { fmt.Fprintf(&b, "\n  %-*s  %s", width, "--param "+name+"=…", what) }
	for _, name := range route.PathParameters() {
		needed := "needed"
		if name == organizationID {
			needed = "yours, where it is left out"
		}
		line(name, needed)
	}
	for _, name := range route.Query {
		line(name, "optional")
	}
	if route.Body {
		fmt.Fprintf(&b, "\n  %-*s  needed: a JSON object", width, "--body FILE|-")
	}
	return strings.TrimRight(b.String(), "\n")
}
