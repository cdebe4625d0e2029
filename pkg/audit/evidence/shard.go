package evidence

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/audit"
)

// A leaf is what is kept of an event until its hour is compared: 48 bytes.
type leaf struct {
	id   uuid.UUID
	hash audit.Hash
}

func byID(a, b leaf) int { return bytes.Compare(a.id[:], b.id[:]) }

// A found shard is what the file has of an hour's shard.
type foundShard struct {
	leaves []leaf
	// index is packed; nil where the file has none.
	index []byte
}

// compare finds how a shard differs from what was sealed of it. The findings have neither hour nor shard.
func (s *foundShard) compare(sealed audit.Shard) []Finding {
	findings, leaves := s.ordered()
	entries, indexed := s.entries(sealed)
	if s.index != nil && !indexed {
		findings = append(findings, Finding{Kind: IndexAltered, Detail: "which event differs can't be said"})
	}
	var tree audit.Tree
	for _, l := range leaves {
		tree.Add(l.hash)
	}
	if tree.Leaves() == sealed.Count && tree.Root() == sealed.Root {
		return findings
	}
	named := 0
	if indexed {
		differences := diff(entries, leaves)
		named = len(differences)
		findings = append(findings, differences...)
	}
	if named == 0 {
		findings = append(findings, Finding{
			Kind: Differs, Detail: fmt.Sprintf("%d events were sealed, the file has %d", sealed.Count, len(leaves)),
		})
	}
	return findings
}

// ordered are the leaves in the order of their ids, each once, and what was wrong with them in that.
func (s *foundShard) ordered() (findings []Finding, leaves []leaf) {
	for i := 1; i < len(s.leaves); i++ {
		if byID(s.leaves[i-1], s.leaves[i]) > 0 {
			findings = append(findings, Finding{Kind: Reordered, Event: s.leaves[i].id})
		}
	}
	leaves = slices.Clone(s.leaves)
	slices.SortStableFunc(leaves, byID)
	for i := 1; i < len(leaves); i++ {
		if byID(leaves[i-1], leaves[i]) == 0 {
			findings = append(findings, Finding{Kind: Duplicated, Event: leaves[i].id})
		}
	}
	return findings, slices.CompactFunc(leaves, func(a, b leaf) bool { return a.id == b.id })
}

// entries reads the index, if it is the one that was sealed. An hour's shard without events has an index of none.
func (s *foundShard) entries(sealed audit.Shard) ([]audit.Entry, bool) {
	index := audit.NewIndex()
	index.Add(s.index)
	if index.Hash() != sealed.Index {
		return nil, false
	}
	entries, err := audit.Entries(s.index)
	return entries, err == nil && int64(len(entries)) == sealed.Count
}

// diff walks what was sealed and what is there, both in the order of ids.
func diff(sealed []audit.Entry, there []leaf) []Finding {
	var findings []Finding
	for len(sealed) > 0 || len(there) > 0 {
		order := 0
		switch {
		case len(there) == 0:
			order = -1
		case len(sealed) == 0:
			order = 1
		default:
			order = bytes.Compare(sealed[0].ID[:], there[0].id[:])
		}
		switch {
		case order < 0:
			findings = append(findings, Finding{Kind: Removed, Event: sealed[0].ID})
			sealed = sealed[1:]
		case order > 0:
			findings = append(findings, Finding{Kind: Inserted, Event: there[0].id})
			there = there[1:]
		default:
			if sealed[0] != audit.EntryOf(there[0].id, there[0].hash) {
				findings = append(findings, Finding{Kind: Altered, Event: there[0].id})
			}
			sealed, there = sealed[1:], there[1:]
		}
	}
	return findings
}
