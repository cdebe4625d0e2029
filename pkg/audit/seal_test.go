package audit_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/audit"
)

// newKey is a key, and its public half as KMS would answer it.
func newKey(t *testing.T, curve elliptic.Curve) (*ecdsa.PrivateKey, audit.PublicKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key, der
}

func sign(t *testing.T, key *ecdsa.PrivateKey, body []byte) audit.Statement {
	t.Helper()
	s := audit.Statement{Body: body}
	hash := s.Hash()
	signature, err := ecdsa.SignASN1(rand.Reader, key, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	s.Signature = signature
	return s
}

func fullSeal(public audit.PublicKey) audit.Seal {
	return audit.Seal{
		Organization: uuid.New(), Hour: "2026-11-26T15", SealedAt: time.Date(2026, 11, 26, 16, 10, 0, 5e6, time.UTC),
		Shards: []audit.Shard{
			{Name: "0", Count: 3, Root: audit.Hash{1}, Index: audit.Hash{2}},
			{Name: "unbound", Count: 1 << 40, Root: audit.Hash{3}, Index: audit.Hash{4}},
		},
		Previous: &audit.Hash{5}, KeyARN: "arn:aws:kms:us-east-1:000000000000:key/" + uuid.NewString(), PublicKey: public,
	}
}

func fullRemoval(public audit.PublicKey) audit.Removal {
	return audit.Removal{
		Organization: uuid.New(), From: "2025-10-01T00", To: "2025-10-01T23", RemovedAt: time.Date(2026, 11, 26, 16, 10, 0, 5e6, time.UTC),
		Days: 400, Events: 12, Last: audit.Hash{6}, Previous: &audit.Hash{7}, KeyARN: "arn", PublicKey: public,
	}
}

func TestASealComesBackAsItWas(t *testing.T) {
	_, public := newKey(t, elliptic.P256())
	first := fullSeal(public)
	first.Previous, first.Shards = nil, []audit.Shard{}
	for _, want := range []audit.Seal{fullSeal(public), first} {
		got, err := audit.Statement{Body: want.Encode()}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if !bytes.Equal(got.Encode(), want.Encode()) {
			t.Error("the same seal was encoded in two ways")
		}
	}
	if n := fullSeal(public).Events(); n != 3+1<<40 {
		t.Errorf("%d events", n)
	}
	if s := fullSeal(public).Shard("5"); s.Count != 0 || s.Root.String() != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("a shard without events is %v", s)
	}
}

func TestARemovalComesBackAsItWas(t *testing.T) {
	_, public := newKey(t, elliptic.P256())
	first := fullRemoval(public)
	first.Previous = nil
	for _, want := range []audit.Removal{fullRemoval(public), first} {
		got, err := audit.Statement{Body: want.Encode()}.Removal()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// An hour's seal has to fit into one item, and into a line of the archive, many times over.
func TestASealIsSmall(t *testing.T) {
	_, public := newKey(t, elliptic.P256())
	s := fullSeal(public)
	s.Shards = slices.Repeat(s.Shards[:1], 9)
	if n := len(s.Encode()); n > 1024 {
		t.Errorf("a seal of nine shards has %d bytes", n)
	}
}

func TestWhatIsNoStatementIsRefused(t *testing.T) {
	_, public := newKey(t, elliptic.P256())
	altered := func(change func(s *audit.Seal)) []byte {
		s := fullSeal(public)
		change(&s)
		return s.Encode()
	}
	removal := fullRemoval(public)
	seal := fullSeal(public).Encode()
	for name, body := range map[string][]byte{
		"nothing": nil, "cut off": seal[:len(seal)-1], "longer": append(seal[:len(seal):len(seal)], 0), "a removal": removal.Encode(),
		"an event":            full().Encode(),
		"no hour":             altered(func(s *audit.Seal) { s.Hour = "2026-11-26" }),
		"shards out of order": altered(func(s *audit.Seal) { slices.Reverse(s.Shards) }),
		"a shard twice":       altered(func(s *audit.Seal) { s.Shards[1] = s.Shards[0] }),
		"a shard of nothing":  altered(func(s *audit.Seal) { s.Shards[0].Count = 0 }),
	} {
		if _, err := (audit.Statement{Body: body}).Seal(); !errors.Is(err, audit.ErrStatement) {
			t.Errorf("%s: %v", name, err)
		}
	}
	backwards := removal
	backwards.To = "2025-09-01T00"
	for name, body := range map[string][]byte{"a seal": seal, "backwards": backwards.Encode(), "nothing": nil} {
		if _, err := (audit.Statement{Body: body}).Removal(); !errors.Is(err, audit.ErrStatement) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignatures(t *testing.T) {
	key, public := newKey(t, elliptic.P256())
	_, other := newKey(t, elliptic.P256())
	wide, wrongCurve := newKey(t, elliptic.P384())
	s := sign(t, key, fullSeal(public).Encode())
	if !public.Verify(s) || public.Check() != nil {
		t.Error("the key's own signature does not verify")
	}
	body, signature := bytes.Clone(s.Body), bytes.Clone(s.Signature)
	body[len(body)-1] ^= 1
	signature[len(signature)-1] ^= 1
	for name, wrong := range map[string]struct {
		key audit.PublicKey
		s   audit.Statement
	}{
		"another key":           {other, s},
		"another body":          {public, audit.Statement{Body: body, Signature: s.Signature}},
		"another signature":     {public, audit.Statement{Body: s.Body, Signature: signature}},
		"no signature":          {public, audit.Statement{Body: s.Body}},
		"more than a signature": {public, audit.Statement{Body: s.Body, Signature: append(bytes.Clone(s.Signature), 0)}},
		"another curve":         {wrongCurve, sign(t, wide, s.Body)},
		"no key":                {nil, s},
	} {
		if wrong.key.Verify(wrong.s) {
			t.Errorf("%s: verifies", name)
		}
	}
	if wrongCurve.Check() == nil || audit.PublicKey("no").Check() == nil {
		t.Error("took another key for one of seals")
	}
	if a, b := public.Fingerprint(), other.Fingerprint(); a == b || len(a) != len("SHA256:")+43 {
		t.Errorf("fingerprints %s and %s", a, b)
	}
}

// rootOf is RFC 6962's definition, written down: of n leaves, the largest power of two below n on the left, the rest on the
// right (section 2.1).
func rootOf(leaves []audit.Hash) audit.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for 2*k < len(leaves) {
		k *= 2
	}
	left, right := rootOf(leaves[:k]), rootOf(leaves[k:])
	return sha256.Sum256(slices.Concat([]byte{1}, left[:], right[:]))
}

func TestTheTreeIsRFC6962s(t *testing.T) {
	var tree audit.Tree
	if got := tree.Root(); got != sha256.Sum256(nil) {
		t.Errorf("the root of nothing is %s", got)
	}
	var leaves []audit.Hash
	for i := range 70 {
		leaf := audit.Leaf("0", uuid.UUID{byte(i)}, []byte{byte(i)})
		leaves = append(leaves, leaf)
		tree.Add(leaf)
		if got, want := tree.Root(), rootOf(leaves); got != want || tree.Leaves() != int64(i+1) {
			t.Fatalf("%d leaves: the root is %s, want %s", tree.Leaves(), got, want)
		}
	}
	if got, want := audit.Leaf("0", uuid.UUID{1}, []byte("e")), sha256.Sum256([]byte("\x00\x010\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00e")); got != want {
		t.Errorf("a leaf is %s", got)
	}
}

func TestLeavesTellPlacesApart(t *testing.T) {
	id := uuid.New()
	all := map[audit.Hash]string{}
	for name, leaf := range map[string]audit.Hash{
		"one": audit.Leaf("0", id, []byte("e")), "another shard": audit.Leaf("1", id, []byte("e")),
		"another id": audit.Leaf("0", uuid.New(), []byte("e")), "other bytes": audit.Leaf("0", id, []byte("f")),
		"the border moved": audit.Leaf("0"+string(id[:1]), uuid.UUID(append(bytes.Clone(id[1:]), 'e')), nil),
	} {
		if other, there := all[leaf]; there {
			t.Errorf("%s and %s have one leaf", name, other)
		}
		all[leaf] = name
	}
	if len(all) != 5 {
		t.Errorf("%d leaves", len(all))
	}
}

func TestIndexes(t *testing.T) {
	a, b := audit.EntryOf(uuid.UUID{1}, audit.Hash{9, 8, 7}), audit.EntryOf(uuid.UUID{2}, audit.Hash{1})
	packed := b.AppendTo(a.AppendTo(nil))
	got, err := audit.Entries(packed)
	if diff := cmp.Diff([]audit.Entry{a, b}, got); diff != "" || err != nil || len(packed) != 2*audit.EntrySize {
		t.Errorf("%v, %s", err, diff)
	}
	for name, wrong := range map[string][]byte{
		"cut off": packed[:len(packed)-1], "out of order": a.AppendTo(b.AppendTo(nil)), "twice": a.AppendTo(a.AppendTo(nil)),
	} {
		if _, err := audit.Entries(wrong); err == nil {
			t.Errorf("%s: taken for an index", name)
		}
	}
	whole, parts := audit.NewIndex(), audit.NewIndex()
	whole.Add(packed)
	parts.Add(packed[:5])
	parts.Add(packed[5:])
	if whole.Hash() != parts.Hash() || whole.Hash() == audit.NewIndex().Hash() {
		t.Error("an index's hash depends on how it came")
	}
}
