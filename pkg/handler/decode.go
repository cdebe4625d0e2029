package handler

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// maxDepth is how deep a body may nest; no request needs more.
const maxDepth = 8

// strict is how bodies are read: duplicate fields and invalid UTF-8 are refused by default, unknown fields as well
// here, and ids in any but their one form.
var strict = json.JoinOptions(
	json.RejectUnknownMembers(true),
	json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(decodeID),
		json.UnmarshalFromFunc(decodeTime),
	)),
)

var (
	errID   = errors.New("must be a lower-case UUID")
	errTime = errors.New("must be a time as RFC 3339 has it, in UTC: 2006-01-02T15:04:05Z")
)

func decodeID(d *jsontext.Decoder, id *uuid.UUID) error {
	text, err := decodeString(d)
	if err != nil {
		return err
	}
	var ok bool
	if *id, ok = parseID(text); !ok {
		return errID
	}
	return nil
}

func decodeTime(d *jsontext.Decoder, t *time.Time) error {
	text, err := decodeString(d)
	if err != nil {
		return err
	}
	*t, err = parseTime(text)
	return err
}

// parseTime reads a time in its one form. (time.Parse takes an hour of one digit too, and a comma before the fraction.)
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || !strings.HasSuffix(text, "Z") ||
		!strings.HasPrefix(text, t.Format("2006-01-02T15:04:05")) || strings.Contains(text, ",") {
		return time.Time{}, errTime
	}
	return t, nil
}

func decodeString(d *jsontext.Decoder) (string, error) {
	if d.PeekKind() != '"' {
		return "", errors.New("must be a string")
	}
	token, err := d.ReadToken()
	return token.String(), err
}

// decode reads the body into the value that in points to. Errors name the field and say what would be right.
func (c *call) decode(in any) error {
	if kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); c.Header.Get("Content-Type") != "" &&
		(err != nil || kind != "application/json") {
		return api.FieldError(api.CodeInvalid, "Content-Type", "must be application/json")
	}
	body, err := c.read()
	if err != nil {
		return err
	}
	return decodeBytes(body, in)
}

func decodeBytes(body []byte, in any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return api.Errorf(api.CodeInvalid, "the body is missing; send a JSON object")
	}
	if err := checkForm(body); err != nil {
		return err
	}
	if err := json.Unmarshal(body, in, strict); err != nil {
		return malformed(err)
	}
	return nil
}

// checkForm refuses what is no JSON, nests too deep, or has a null where leaving the field out is meant.
func checkForm(body []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return malformed(err)
		case d.StackDepth() > maxDepth:
			return api.FieldError(api.CodeInvalid, field(d.StackPointer()), "nests deeper than %d levels", maxDepth)
		case token.Kind() == 'n':
			return api.FieldError(api.CodeInvalid, field(d.StackPointer()), "is null; leave it out, or give it a value")
		}
	}
}

// malformed is what the caller sees of a body that could not be read. It never repeats a value.
func malformed(err error) error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return api.FieldError(api.CodeInvalid, field(semantic.JSONPointer), "%s", reason(semantic))
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		where := field(syntactic.JSONPointer)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return api.FieldError(api.CodeInvalid, where, "is there twice")
		}
		return api.FieldError(api.CodeInvalid, where, "the body is not valid JSON in UTF-8 at byte %d", syntactic.ByteOffset)
	}
	return api.Errorf(api.CodeInvalid, "the body is not valid JSON")
}

func reason(e *json.SemanticError) string {
	switch {
	case errors.Is(e.Err, json.ErrUnknownName):
		return "is unknown; check its spelling, or leave it out"
	case errors.Is(e.Err, errID), errors.Is(e.Err, errTime):
		return e.Err.Error()
	case e.GoType == nil:
		return "is of the wrong type"
	}
	return "must be " + expected(e.GoType)
}

// expected says what JSON a Go type takes.
func expected(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[uuid.UUID]():
		return "a lower-case UUID"
	case reflect.TypeFor[time.Time]():
		return "a time as RFC 3339 has it, in UTC"
	case reflect.TypeFor[[]byte]():
		return "a string in standard base64"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return expected(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct:
		return "an object"
	case reflect.Int64:
		return "a whole number"
	case reflect.Int:
		return "read, write or manage"
	}
	return fmt.Sprintf("a %s", t.Kind())
}

// field turns a JSON pointer (RFC 6901) into a path as people write it: grants[2].principal.id.
func field(pointer jsontext.Pointer) string {
	var path strings.Builder
	for token := range pointer.Tokens() {
		if _, err := strconv.Atoi(token); err == nil {
			path.WriteString("[" + token + "]")
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(clip(token))
	}
	if path.Len() == 0 {
		return "body"
	}
	return path.String()
}

// clip keeps an error from repeating a megabyte of field name.
func clip(name string) string {
	const most = 64
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}
