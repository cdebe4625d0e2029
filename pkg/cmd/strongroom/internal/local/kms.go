package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/google/uuid"

	"strongroom/pkg/gateway"
	"strongroom/pkg/localkms"
)

// newKMS makes the KMS of the clients, whose keys the owner administers. It knows the callers that the gateway knows.
func (s *Server) newKMS(keys *localkms.KMS, identities *gateway.Identities) (*localkms.Endpoint, error) {
	return localkms.NewEndpoint(localkms.EndpointConfig{
		Keys: keys, State: filepath.Join(s.config.Data, kmsFile), Administrator: profileNamed(Owner).bind, Log: s.config.Log,
		Callers: func(accessKeyID string) (localkms.Caller, bool) {
			i, ok := identities.Lookup(accessKeyID)
			return localkms.Caller{
				AccessKeyID: i.AccessKeyID, SecretAccessKey: i.SecretAccessKey, SessionToken: i.SessionToken, ARN: i.ARN, Role: i.Role,
			}, ok
		},
	})
}

// giveKeys makes the grants of the client key that go with those on the client project: who may read or write there
// unwraps its keys. The owner, who administers the key, needs none.
func (s *seeder) giveKeys(ctx context.Context) error {
	project, err := projectNamed(ctx, s.service, s.owner, s.organization, clientProject)
	if err != nil || project == uuid.Nil { // it is the users' to rename
		return err
	}
	for _, name := range []string{Developer, CI} {
		if err := s.give(s.decryptGrant(profileNamed(name).bind, project)); err != nil {
			return fmt.Errorf("giving %s the key of the project %s: %w", name, clientProject, err)
		}
	}
	return nil
}

// decryptGrant lets an IAM principal unwrap a project's keys. Its name is the same for the same grant, and has no
// characters that KMS does not take.
func (s *seeder) decryptGrant(principal string, project uuid.UUID) localkms.Grant {
	const operation = "Decrypt"
	sum := sha256.Sum256([]byte(principal))
	return localkms.Grant{
		Name:       "strongroom/" + project.String() + "/" + operation + "/" + hex.EncodeToString(sum[:16]),
		Grantee:    principal,
		Operations: []string{operation},
		Constraints: localkms.Constraints{EncryptionContextEquals: map[string]string{
			"strongroom:organization": s.organization.String(), "strongroom:project": project.String(),
		}},
	}
}
