package rotators

// withheld is what is said in place of a whole reason, where nothing is known of it.
const withheld = "the reason is withheld, since it may hold a value"

// Instead has that be said where a whole reason is withheld: what could not be done, and where, say. They are words of
// the program's own, in which no value has any part; they are not blanked. Further ones stand behind those before.
func (v *Values) Instead(words string) {
	if v.instead != "" {
		words = v.instead + "; " + words
	}
	v.instead = words
}

func (v *Values) withheld() string {
	if v.instead == "" {
		return withheld
	}
	return v.instead + "; what was said of it is withheld, since it may hold a value"
}
