package local

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/google/uuid"

	"strongroom/pkg/client"
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

// giveKeys makes the grants of the client key that go with those on the client project, as `strongroom access sync` would.
func (s *seeder) giveKeys(ctx context.Context) error {
	project, err := projectNamed(ctx, s.service, s.owner, s.organization, clientProject)
	if err != nil || project == uuid.Nil { // it is the users' to rename
		return err
	}
	for _, name := range []string{Owner, Developer, CI} {
		g := client.KeyGrant{
			Organization: s.organization, Project: project, ARN: profileNamed(name).bind, Manage: name == Owner,
		}
		if err := s.give(localkms.Grant{
			Name: g.Name(), Grantee: g.ARN, Operations: g.Operations(),
			Constraints: localkms.Constraints{EncryptionContextEquals: g.Context()},
		}); err != nil {
			return fmt.Errorf("giving %s the key of the project %s: %w", name, clientProject, err)
		}
	}
	return nil
}
