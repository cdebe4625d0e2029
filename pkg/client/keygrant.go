package client

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
	iam "strongroom/pkg/identity"
)

// A KeyGrant is a KMS grant on the client key: it lets one IAM principal unwrap the keys of one project, and make new
// ones if it is one who manages the project. It is the second of the two locks; a grant in Strongroom is the first.
type KeyGrant struct {
	Organization, Project uuid.UUID
	// ARN is the IAM user's, role's, or assumed role's.
	ARN string
	// Manage allows GenerateDataKey beside Decrypt.
	Manage bool
	// For names the principals of Strongroom that it is for, or that its ARN belongs to where it is for nobody any
	// longer: "ann", or "ann (group team)" who has it through a group alone.
	For []string
	// Strange says of one that is there that it is not exactly as it should be: wider, otherwise constrained, not by its name.
	Strange bool
	// id and operations are KMS's, of one that is there.
	id         string
	operations []string
}

// Operations are what the grant allows, as KMS names it.
func (g KeyGrant) Operations() []string {
	if g.operations != nil {
		return slices.Clone(g.operations)
	}
	return operationsOf(g.Manage)
}

func operationsOf(manage bool) []string {
	if manage {
		return []string{string(types.GrantOperationDecrypt), string(types.GrantOperationGenerateDataKey)}
	}
	return []string{string(types.GrantOperationDecrypt)}
}

// keyGrantPrefix begins the names of all grants that are made here for a project.
func keyGrantPrefix(project uuid.UUID) string { return "strongroom/" + project.String() + "/" }

// Name is the same for the same grant, so that making it twice is harmless. The ARN has characters that KMS does not take.
func (g KeyGrant) Name() string {
	sum := sha256.Sum256([]byte(g.ARN))
	return keyGrantPrefix(g.Project) + strings.Join(operationsOf(g.Manage), "-") + "/" + hex.EncodeToString(sum[:16])
}

// Context is the encryption context that the grant is constrained to.
func (g KeyGrant) Context() map[string]string {
	return clientcrypto.KeyContext(g.Organization, g.Project)
}

// same says whether both are for the same ARN and of the same width.
func (g KeyGrant) same(other KeyGrant) bool {
	return g.Project == other.Project && g.ARN == other.ARN && g.Manage == other.Manage && g.id == other.id
}

// fromEntry reads a grant that has one of a project's names, and holds it against what it should be.
func fromEntry(entry types.GrantListEntry, organization, project uuid.UUID) KeyGrant {
	g := KeyGrant{
		Organization: organization, Project: project, ARN: aws.ToString(entry.GranteePrincipal), id: aws.ToString(entry.GrantId),
		Manage: slices.Contains(entry.Operations, types.GrantOperationGenerateDataKey), operations: []string{},
	}
	for _, operation := range entry.Operations {
		g.operations = append(g.operations, string(operation))
	}
	slices.Sort(g.operations)
	g.Strange = aws.ToString(entry.Name) != g.Name() || !slices.Equal(g.operations, operationsOf(g.Manage)) ||
		entry.RetiringPrincipal != nil || entry.Constraints == nil || len(entry.Constraints.EncryptionContextSubset) > 0 ||
		!maps.Equal(entry.Constraints.EncryptionContextEquals, g.Context())
	return g
}

// opens says whether a grant lets its grantee unwrap keys of that encryption context.
func opens(entry types.GrantListEntry, encryptionContext map[string]string) bool {
	if !slices.Contains(entry.Operations, types.GrantOperationDecrypt) &&
		!slices.Contains(entry.Operations, types.GrantOperationReEncryptFrom) { // to a key that it can use
		return false
	}
	if entry.Constraints == nil {
		return true
	}
	equals, subset := entry.Constraints.EncryptionContextEquals, entry.Constraints.EncryptionContextSubset
	for name, value := range subset {
		if encryptionContext[name] != value {
			return false
		}
	}
	return len(equals) == 0 || maps.Equal(equals, encryptionContext)
}

// An IdentityError says that no KMS grant is made for what the server says is an identity of a principal: whom the key is
// given to is the server's word, and so it is taken within bounds alone. They are those of identities themselves: users,
// roles, and sessions of IAM Identity Center, of the client key's own account, and none of Strongroom's functions.
type IdentityError struct {
	// Principal is the name of whose identity it is said to be.
	Principal, ARN string
	Err            error
}

func (e *IdentityError) Error() string {
	return fmt.Sprintf("the server says that %s is an identity of %q, to which no key is given: %s", e.ARN, e.Principal, e.Err)
}

// Unwrap is what is wrong with it.
func (e *IdentityError) Unwrap() error { return e.Err }

// serverRoles are the roles of the server's functions, which the client key's policy denies everything.
const serverRoles = ":role/strongroom/server/"

// checkGrantee refuses, as an IdentityError, what no key is given to.
func checkGrantee(clientKey string, p api.Principal, i api.Identity) error {
	key, err := arn.Parse(clientKey)
	if err != nil {
		return setupf("the pinned client key %q is no ARN", clientKey)
	}
	_, err = iam.ParseBinding(i.ARN, i.UniqueID, key.AccountID)
	switch {
	case err != nil:
	case !strings.HasPrefix(i.ARN, "arn:"+key.Partition+":"):
		err = fmt.Errorf("it is not of the partition %s, as the client key is", key.Partition)
	case strings.Contains(i.ARN, serverRoles):
		err = fmt.Errorf("it is a role of Strongroom's own functions, which are to read nothing")
	default:
		return nil
	}
	return &IdentityError{Principal: p.Name, ARN: i.ARN, Err: err}
}
