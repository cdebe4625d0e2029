package table

// ItemSize is an item's size in bytes as DynamoDB counts it against its limits and for its units: names and values
// of everything stored. A text counts its UTF-8 bytes, a number one byte for each two significant digits and one more,
// a truth value one, a list or map three and one for each element
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
// AWS calls its rule for numbers approximate.
func ItemSize(item Item) int {
	size := keySize("PK", "SK", item.Key) +
		keySize("GSI1PK", "GSI1SK", item.Index1) +
		keySize("GSI2PK", "GSI2SK", item.Index2)
	if item.Revision != 0 {
		size += len("rev") + numberSize(item.Revision)
	}
	for name, value := range item.Attributes {
		size += len(name) + valueSize(value)
	}
	return size
}

// Project is what a query of an index answers for the item: its key, its key in that index, and the attributes that
// the index projects. For the table itself it is the item.
func Project(item Item, index Index) Item {
	if index == Primary {
		return item
	}
	projected := Item{Key: item.Key, Attributes: map[string]any{}}
	if index == Index1 {
		projected.Index1 = item.Index1
	} else {
		projected.Index2 = item.Index2
	}
	for _, name := range index.Projected() {
		if value, ok := item.Attributes[name]; ok {
			projected.Attributes[name] = value
		}
	}
	return projected
}

func keySize(nameOfPK, nameOfSK string, key Key) int {
	if key.IsZero() {
		return 0
	}
	return len(nameOfPK) + len(key.PK) + len(nameOfSK) + len(key.SK)
}

func valueSize(value any) int {
	switch x := value.(type) {
	case string:
		return len(x)
	case []byte:
		return len(x)
	case int64:
		return numberSize(x)
	case []any:
		size := 3
		for _, element := range x {
			size += 1 + valueSize(element)
		}
		return size
	case map[string]any:
		size := 3
		for name, element := range x {
			size += 1 + len(name) + valueSize(element)
		}
		return size
	}
	return 1
}

// numberSize counts the pairs of digits, trimming pairs of zeros at the end. That the pairs are those of powers of 100,
// that zero is one byte and that a minus sign is one was found by asking DynamoDB Local.
func numberSize(n int64) int {
	size := 1
	if n < 0 {
		size++
	}
	for n != 0 && n%100 == 0 {
		n /= 100
	}
	for ; n != 0; n /= 100 {
		size++
	}
	return size
}
