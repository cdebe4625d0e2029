// Package export writes secrets in the forms that other programs read: JSON, YAML and the manifest of a Kubernetes
// secret. (.env files are package dotenv's.) Entries are written in the order in which they are given.
//
// JSON and YAML are one object, of each name with its value as a string. They hold every name and every value, so they
// are what the other formats refer to for what these can't hold. In YAML, values are strings to every reader, whatever
// they look like (null, 010, 1:30, yes): they are in double quotes with escapes, or, if they are several lines of plain
// ASCII such as a key in PEM, literal blocks. Names are without quotes where they can't be taken for something else.
//
// The manifest is a secret of type Opaque with each value in base64 under its name as the key. Kubernetes limits keys to
// ASCII letters, digits and - _ . and a secret to 1 MiB; what does not fit is refused by name, as a [dotenv.UnfitError],
// and never changed.
//
// Each function writes either everything or, where it answers an error that is not the writer's, nothing.
package export

import (
	"bytes"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"strongroom/pkg/cmd/strongroom/internal/dotenv"
)

// anything is the reason, for no entry, why a format can't hold it.
func anything(dotenv.Entry) string { return "" }

// JSON writes entries as one object, indented by two spaces.
func JSON(w io.Writer, entries []dotenv.Entry) error {
	if err := dotenv.Fit("JSON", "", entries, anything); err != nil {
		return err
	}
	var b bytes.Buffer
	e := jsontext.NewEncoder(&b, jsontext.WithIndent("  "))
	tokens := []jsontext.Token{jsontext.BeginObject}
	for _, entry := range entries {
		tokens = append(tokens, jsontext.String(entry.Name), jsontext.String(entry.Value))
	}
	for _, token := range append(tokens, jsontext.EndObject) {
		if err := e.WriteToken(token); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}
