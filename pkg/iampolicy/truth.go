package iampolicy

// Truth is Yes, No, or Maybe where it can't be known.
type Truth int

// The truths, in an order in which min is "and", and max is "or".
const (
	No Truth = iota
	Maybe
	Yes
)

func (t Truth) String() string {
	switch t {
	case No:
		return "no"
	case Maybe:
		return "maybe"
	case Yes:
		return "yes"
	}
	return "none"
}

// Not is No for Yes, Yes for No, and Maybe for Maybe.
func (t Truth) Not() Truth { return Yes - t }

// truth is Yes or No.
func truth(b bool) Truth {
	if b {
		return Yes
	}
	return No
}

// anyOf is Yes where one is Yes, and No where all are No.
func anyOf[T any](all []T, of func(T) Truth) Truth {
	most := No
	for _, one := range all {
		most = max(most, of(one))
	}
	return most
}

// allOf is Yes where all are Yes, and No where one is No.
func allOf[T any](all []T, of func(T) Truth) Truth {
	least := Yes
	for _, one := range all {
		least = min(least, of(one))
	}
	return least
}
