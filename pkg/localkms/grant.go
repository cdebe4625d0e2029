package localkms

import (
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Operations that a grant on a symmetric key may allow
// (https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations).
var grantable = []string{
	"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair",
	"GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo", "RetireGrant",
}

// Limits of grants, KMS's own (https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html and
// https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html).
const (
	maxGrants          = 50_000 // a key
	maxConstraintPairs = 8
	maxConstraintValue = 384 // characters
	maxTokens          = 10
)

// A grant lets a principal do some operations with a key.
type grant struct {
	ID          string      `json:"id"`
	Token       string      `json:"token"`
	Key         uuid.UUID   `json:"key"`
	Name        string      `json:"name,omitempty"`
	Grantee     string      `json:"grantee"`
	Retiring    string      `json:"retiring,omitempty"`
	Operations  []string    `json:"operations"` // sorted, each once
	Constraints Constraints `json:"constraints,omitzero"`
	Created     time.Time   `json:"created"`
}

// Constraints are what the encryption context must be for a grant to count. Both count where both are there.
type Constraints struct {
	// EncryptionContextEquals is the whole of the context.
	EncryptionContextEquals map[string]string `json:"EncryptionContextEquals,omitempty"`
	// EncryptionContextSubset are pairs that the context has, beside others.
	EncryptionContextSubset map[string]string `json:"EncryptionContextSubset,omitempty"`
}

// IsZero says that nothing is constrained.
func (c Constraints) IsZero() bool {
	return len(c.EncryptionContextEquals) == 0 && len(c.EncryptionContextSubset) == 0
}

func (c Constraints) equal(other Constraints) bool {
	return maps.Equal(c.EncryptionContextEquals, other.EncryptionContextEquals) &&
		maps.Equal(c.EncryptionContextSubset, other.EncryptionContextSubset)
}

// hold says whether a context is as it must be.
func (c Constraints) hold(context map[string]string) bool {
	if len(c.EncryptionContextEquals) > 0 && !maps.Equal(c.EncryptionContextEquals, context) {
		return false
	}
	return contains(context, c.EncryptionContextSubset)
}

// cover says whether all that the other constraints let through holds here too: they are as strict or stricter.
func (c Constraints) cover(other Constraints) bool {
	if len(c.EncryptionContextEquals) > 0 && !maps.Equal(c.EncryptionContextEquals, other.EncryptionContextEquals) {
		return false
	}
	return contains(other.EncryptionContextSubset, c.EncryptionContextSubset) ||
		contains(other.EncryptionContextEquals, c.EncryptionContextSubset)
}

// contains says whether all pairs of part are in whole.
func contains(whole, part map[string]string) bool {
	for name, value := range part {
		if got, ok := whole[name]; !ok || got != value {
			return false
		}
	}
	return true
}

func (c Constraints) check() error {
	for _, context := range []map[string]string{c.EncryptionContextEquals, c.EncryptionContextSubset} {
		if len(context) > maxConstraintPairs {
			return invalid("a constraint has at most %d pairs", maxConstraintPairs)
		}
		for _, value := range context {
			if len([]rune(value)) > maxConstraintValue {
				return invalid("a value of a constraint has at most %d characters", maxConstraintValue)
			}
		}
	}
	return nil
}

// allows says whether the grant lets the caller do an operation. Constraints are of contexts, so they don't count where
// an operation has none: DescribeKey, CreateGrant and RetireGrant.
func (g grant) allows(who Caller, key storedKey, r request) bool {
	if g.Key != key.ID || !who.is(g.Grantee) || !slices.Contains(g.Operations, r.operation) {
		return false
	}
	return !r.encrypts || g.Constraints.hold(r.context)
}

// covers says whether the grantee of this grant, which allows CreateGrant, may make another: of no more operations, and
// as strict.
func (g grant) covers(other grant) bool {
	for _, operation := range other.Operations {
		if !slices.Contains(g.Operations, operation) {
			return false
		}
	}
	return g.Constraints.cover(other.Constraints)
}

// same says whether both were asked for with the same parameters.
func (g grant) same(other grant) bool {
	return g.Key == other.Key && g.Name == other.Name && g.Grantee == other.Grantee && g.Retiring == other.Retiring &&
		slices.Equal(g.Operations, other.Operations) && g.Constraints.equal(other.Constraints)
}

var grantName = regexp.MustCompile(`^[a-zA-Z0-9:/_-]{1,256}$`)

func (g grant) check() error {
	if err := checkPrincipal("GranteePrincipal", g.Grantee); err != nil {
		return err
	}
	if g.Retiring != "" {
		if err := checkPrincipal("RetiringPrincipal", g.Retiring); err != nil {
			return err
		}
	}
	if g.Name != "" && !grantName.MatchString(g.Name) {
		return invalid("Name must have 1 to 256 letters, digits and :/_-")
	}
	if len(g.Operations) == 0 {
		return invalid("Operations must not be empty")
	}
	for _, operation := range g.Operations {
		if !slices.Contains(grantable, operation) {
			return invalid("Operations has one that no grant on a symmetric key may allow")
		}
	}
	return g.Constraints.check()
}
