package table

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"sync"
	"time"
)

// Encode turns a struct into an item's attributes. Fields take part that have a tag `table:"name"`; zero values are
// left out. Strings, integers, bools, byte slices, times (as Unix milliseconds), types with MarshalBinary (as bytes),
// and slices and structs of all these are understood; anything else panics, being a mistake in the program. The
// fields of embedded structs count as the struct's own.
//
// A field map[string]any with the tag `table:",extra"` holds what Decode found and the struct does not name, so that
// an attribute written by a newer program survives being rewritten by this one.
func Encode(record any) map[string]any {
	return encodeStruct(reflect.ValueOf(record))
}

// Decode fills the struct that record points to from an item's attributes. Attributes that are missing leave zero
// values; an attribute of another type than the field's is an error that names it.
func Decode(attributes map[string]any, record any) error {
	return decodeStruct(attributes, reflect.ValueOf(record).Elem())
}

type field struct {
	name  string
	index []int
	extra bool
}

var fieldsOf sync.Map // reflect.Type -> []field

func fields(t reflect.Type) []field {
	if known, ok := fieldsOf.Load(t); ok {
		return known.([]field) //nolint:errcheck // nothing else is stored
	}
	var list []field
	for _, f := range reflect.VisibleFields(t) {
		tag, ok := f.Tag.Lookup("table")
		if !ok {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		list = append(list, field{name: name, index: f.Index, extra: option == "extra"})
	}
	fieldsOf.Store(t, list)
	return list
}

func encodeStruct(v reflect.Value) map[string]any {
	v = reflect.Indirect(v)
	attributes := make(map[string]any, v.NumField())
	for _, f := range fields(v.Type()) {
		value := v.FieldByIndex(f.index)
		if f.extra {
			maps.Copy(attributes, value.Interface().(map[string]any)) //nolint:errcheck // extra fields are of that type
		} else if !isZero(value) {
			attributes[f.name] = encodeValue(value)
		}
	}
	return attributes
}

// isZero is reflect's, but that an empty slice is as good as none, and so is a time that is none.
func isZero(v reflect.Value) bool {
	if t, ok := v.Interface().(time.Time); ok {
		return t.IsZero()
	}
	if v.Kind() == reflect.Slice || v.Kind() == reflect.Map {
		return v.Len() == 0
	}
	return v.IsZero()
}

func encodeValue(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case time.Time:
		return x.UnixMilli()
	case encoding.BinaryMarshaler:
		b, err := x.MarshalBinary()
		if err != nil {
			panic(fmt.Sprintf("table: encoding %s: %v", v.Type(), err))
		}
		return b
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(v.Uint()) //nolint:gosec // at most 32 bits
	case reflect.Struct:
		return encodeStruct(v)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Bytes()
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = encodeValue(v.Index(i))
		}
		return list
	}
	panic(fmt.Sprintf("table: can't encode a %s", v.Type()))
}

func decodeStruct(attributes map[string]any, v reflect.Value) error {
	var extra reflect.Value
	named := 0
	for _, f := range fields(v.Type()) {
		if f.extra {
			extra = v.FieldByIndex(f.index)
			continue
		}
		attribute, ok := attributes[f.name]
		if !ok {
			continue
		}
		named++
		if err := decodeValue(attribute, v.FieldByIndex(f.index)); err != nil {
			return fmt.Errorf("attribute %q: %w", f.name, err)
		}
	}
	if extra.IsValid() && named < len(attributes) {
		extra.Set(reflect.ValueOf(unnamed(attributes, v.Type())))
	}
	return nil
}

func unnamed(attributes map[string]any, t reflect.Type) map[string]any {
	rest := maps.Clone(attributes)
	for _, f := range fields(t) {
		delete(rest, f.name)
	}
	return rest
}

func decodeValue(attribute any, v reflect.Value) error {
	target := v.Addr().Interface()
	if t, ok := target.(*time.Time); ok {
		n, err := as[int64](attribute)
		*t = time.UnixMilli(n).UTC()
		return err
	}
	if u, ok := target.(encoding.BinaryUnmarshaler); ok {
		b, err := as[[]byte](attribute)
		if err != nil {
			return err
		}
		return u.UnmarshalBinary(b)
	}
	switch v.Kind() {
	case reflect.String:
		s, err := as[string](attribute)
		v.SetString(s)
		return err
	case reflect.Bool:
		b, err := as[bool](attribute)
		v.SetBool(b)
		return err
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := as[int64](attribute)
		if v.OverflowInt(n) {
			return fmt.Errorf("%d is too large for a %s", n, v.Type())
		}
		v.SetInt(n)
		return err
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		n, err := as[int64](attribute)
		if n < 0 || v.OverflowUint(uint64(n)) {
			return fmt.Errorf("%d is no %s", n, v.Type())
		}
		v.SetUint(uint64(n))
		return err
	case reflect.Struct:
		m, err := as[map[string]any](attribute)
		if err != nil {
			return err
		}
		return decodeStruct(m, v)
	case reflect.Slice:
		return decodeSlice(attribute, v)
	}
	panic(fmt.Sprintf("table: can't decode a %s", v.Type()))
}

func decodeSlice(attribute any, v reflect.Value) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b, err := as[[]byte](attribute)
		v.SetBytes(b)
		return err
	}
	list, err := as[[]any](attribute)
	if err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	for i, element := range list {
		if err := decodeValue(element, v.Index(i)); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

func as[T any](attribute any) (T, error) {
	value, ok := attribute.(T)
	if !ok {
		return value, fmt.Errorf("is a %T, not a %T", attribute, value)
	}
	return value, nil
}
