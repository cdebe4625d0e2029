package bolt

import "time"

const (
	tokenAge = 10 * time.Minute
	// maxTokens is how many tokens each of the two halves holds.
	maxTokens = 1 << 15
)

// tokens remembers what the tokens of late were used for. Only the committer touches it. It keeps two halves and
// forgets the older one whenever the younger is full or old: each token is kept for tokenAge at least, unless there
// are too many.
type tokens struct {
	now            func() time.Time
	younger, older map[string]uint64 // token -> hash of the transaction
	since          time.Time         // when the younger half was begun
}

func (t *tokens) find(token string) (hash uint64, ok bool) {
	if hash, ok = t.younger[token]; !ok {
		hash, ok = t.older[token]
	}
	return hash, ok
}

func (t *tokens) add(token string, hash uint64) {
	now := t.now()
	if t.younger == nil || len(t.younger) >= maxTokens || now.Sub(t.since) >= tokenAge {
		t.older, t.younger, t.since = t.younger, map[string]uint64{}, now
	}
	t.younger[token] = hash
}

// remove takes back an add, for a commit that failed.
func (t *tokens) remove(token string) {
	delete(t.younger, token)
	delete(t.older, token)
}
