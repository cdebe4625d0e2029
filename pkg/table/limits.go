package table

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxToken is how many characters a transaction's token has at most.
const maxToken = 36

// maxDepth is how deep lists and maps may be nested.
const maxDepth = 32

// reserved are the names under which the parts of an Item that are no attributes are stored; no attribute may have
// one of them.
var reserved = []string{"PK", "SK", "rev", "GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK"}

// CheckTransaction answers an error that wraps ErrInvalid when t breaks a limit or is malformed: what every adapter
// asks before it writes, so that all of them refuse the same.
func CheckTransaction(t Transaction) error {
	if len(t.Writes) == 0 || len(t.Writes) > MaxTransactionItems {
		return invalid("%d writes in a transaction, not 1 to %d", len(t.Writes), MaxTransactionItems)
	}
	if utf8.RuneCountInString(t.Token) > maxToken || !utf8.ValidString(t.Token) {
		return invalid("the token is longer than %d characters", maxToken)
	}
	seen := make(map[Key]bool, len(t.Writes))
	total := 0
	for i, w := range t.Writes {
		size, err := checkWrite(w)
		if err != nil {
			return fmt.Errorf("write %d: %w", i, err)
		}
		if seen[w.Item.Key] {
			return invalid("write %d: an item is written or checked twice", i)
		}
		seen[w.Item.Key] = true
		total += size
	}
	if total > MaxTransactionBytes {
		return invalid("a transaction of %d bytes, more than %d", total, MaxTransactionBytes)
	}
	return nil
}

// CheckKeys answers an error that wraps ErrInvalid when the keys of a read are malformed, repeated, or more than most.
func CheckKeys(keys []Key, most int) error {
	if len(keys) > most {
		return invalid("%d keys, more than %d", len(keys), most)
	}
	seen := make(map[Key]bool, len(keys))
	for _, key := range keys {
		if err := checkKey("key", key); err != nil {
			return err
		}
		if seen[key] {
			return invalid("a key is asked for twice")
		}
		seen[key] = true
	}
	return nil
}

// CheckQuery answers an error that wraps ErrInvalid when q is malformed.
func CheckQuery(q Query) error {
	if q.Index < Primary || q.Index > Index2 {
		return invalid("no index %d", int(q.Index))
	}
	if q.Limit < 0 || q.Limit > math.MaxInt32 {
		return invalid("a limit of %d", q.Limit)
	}
	if err := checkText("partition key", q.PK, 1, MaxPartitionKey); err != nil {
		return err
	}
	if err := checkText("prefix", q.Prefix, 0, MaxSortKey); err != nil {
		return err
	}
	if q.After.IsZero() {
		return nil
	}
	if err := checkText("position", q.After.SK, 1, MaxSortKey); err != nil {
		return err
	}
	if !strings.HasPrefix(q.After.SK, q.Prefix) {
		return invalid("the position lies outside the prefix")
	}
	if q.Index == Primary {
		return nil
	}
	return checkKey("position's key", q.After.Key)
}

func checkWrite(w Write) (size int, err error) {
	if w.If.Kind < Always || w.If.Kind > AtRevision {
		return 0, invalid("no condition %d", int(w.If.Kind))
	}
	if err := checkKey("key", w.Item.Key); err != nil {
		return 0, err
	}
	switch w.Op {
	case OpPut:
		return checkItem(w.Item)
	case OpDelete:
	case OpCheck:
		if w.If.Kind == Always {
			return 0, invalid("a check without a condition")
		}
	default:
		return 0, invalid("no operation %d", int(w.Op))
	}
	return keySize("PK", "SK", w.Item.Key), nil
}

func checkItem(item Item) (size int, err error) {
	for _, key := range []Key{item.Index1, item.Index2} {
		if key.IsZero() {
			continue
		}
		if err := checkKey("index key", key); err != nil {
			return 0, err
		}
	}
	for name, value := range item.Attributes {
		if slices.Contains(reserved, name) {
			return 0, invalid("the attribute name %q is reserved", name)
		}
		if err := checkAttribute(name, value, 0); err != nil {
			return 0, err
		}
	}
	if size = ItemSize(item); size > MaxItem {
		return 0, invalid("an item of %d bytes, more than %d", size, MaxItem)
	}
	return size, nil
}

// checkAttribute never shows a value: it may be a secret.
func checkAttribute(name string, value any, depth int) error {
	if err := checkText("attribute name", name, 1, math.MaxUint16); err != nil {
		return err
	}
	return checkValue(name, value, depth)
}

func checkValue(name string, value any, depth int) error {
	if depth > maxDepth {
		return invalid("attribute %q is nested deeper than %d", name, maxDepth)
	}
	switch x := value.(type) {
	case int64, bool, []byte:
		return nil
	case string:
		return checkText("text of attribute "+name, x, 0, MaxItem)
	case []any:
		for _, element := range x {
			if err := checkValue(name, element, depth+1); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		for inner, element := range x {
			if err := checkAttribute(inner, element, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return invalid("attribute %q is a %T", name, value)
}

func checkKey(what string, key Key) error {
	if err := checkText(what+" (partition)", key.PK, 1, MaxPartitionKey); err != nil {
		return err
	}
	return checkText(what+" (sort)", key.SK, 1, MaxSortKey)
}

func checkText(what, text string, least, most int) error {
	if len(text) < least || len(text) > most {
		return invalid("%s of %d bytes, not %d to %d", what, len(text), least, most)
	}
	if !utf8.ValidString(text) {
		return invalid("%s is not UTF-8", what)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}
