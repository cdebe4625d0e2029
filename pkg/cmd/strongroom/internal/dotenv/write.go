package dotenv

import (
	"bytes"
	"io"
	"regexp"
	"strings"
)

// Names of readers, as Misreaders answers them.
const (
	Python             = "python-dotenv"
	PythonInterpolates = "python-dotenv unless interpolate=False"
	Node               = "node --env-file"
)

var (
	variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	bare     = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]*$`)
	// replaced is what python-dotenv replaces unless told not to.
	replaced = regexp.MustCompile(`\$\{[^}:]*(?::-[^}]*)?\}`)
	escaper  = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`")
)

// Write writes entries in the canonical form of the package comment, in their order. If there are some that a .env file
// can't hold (a name that can't be a variable's, a NUL) it answers an [UnfitError] and writes nothing.
func Write(w io.Writer, entries []Entry) error {
	if err := Fit("a .env file", "json or yaml", entries, unfit); err != nil {
		return err
	}
	var b bytes.Buffer
	for _, e := range entries {
		b.WriteString(e.Name + "=" + quoted(e.Value) + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// unfit says why a .env file can't hold an entry; empty if it can.
func unfit(e Entry) string {
	switch {
	case !variable.MatchString(e.Name):
		return "a variable's name has only the letters A to Z, digits and _, and no digit first"
	case strings.Contains(e.Value, "\x00"):
		return "a variable can't hold the NUL that is in its value"
	}
	return ""
}

// quoted is a value as it is written.
func quoted(value string) string {
	switch {
	case bare.MatchString(value):
		return value
	case single(value):
		return "'" + value + "'"
	}
	return `"` + escaper.Replace(value) + `"`
}

// single says whether a value can stand in single quotes. A backslash before the closing one would let Python's and Go's
// readers go on to the next quote in the file.
func single(value string) bool {
	return !strings.Contains(value, "'") && !strings.HasSuffix(value, `\`)
}

// Misreaders are the readers, of those that constants here name, that get another value out of a file that Write made
// than the value that was written. A POSIX shell is never among them.
func Misreaders(value string) []string {
	carriage := strings.Contains(value, "\r")
	var python, node bool
	if single(value) {
		python = strings.Contains(value, `\\`)
	} else {
		python, node = strings.ContainsAny(value, "$`"), escaper.Replace(value) != value
	}
	var readers []string
	switch {
	case python || carriage:
		readers = append(readers, Python)
	case replaced.MatchString(value):
		readers = append(readers, PythonInterpolates)
	}
	if node || carriage {
		readers = append(readers, Node)
	}
	return readers
}
