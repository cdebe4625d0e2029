package local

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/gateway"
	"strongroom/pkg/localkms"
)

// newKMS makes the KMS of the clients, whose keys the owner administers. It knows the callers that the gateway knows.
func (s *Server) newKMS(keys *localkms.KMS, signer *localkms.Signer, identities *gateway.Identities) (*localkms.Endpoint, error) {
	return localkms.NewEndpoint(localkms.EndpointConfig{
		Keys: keys, Signing: signer, State: filepath.Join(s.config.Data, kmsFile), Administrator: profileNamed(Owner).bind, Log: s.config.Log,
		Callers: func(accessKeyID string) (localkms.Caller, bool) {
			i, ok := identities.Lookup(accessKeyID)
			return localkms.Caller{
				AccessKeyID: i.AccessKeyID, SecretAccessKey: i.SecretAccessKey, SessionToken: i.SessionToken, ARN: i.ARN, Role: i.Role,
			}, ok
		},
	})
}

// giveKeys makes the grants of the client key that go with those on the client projects, as `strongroom access sync` would.
func (s *seeder) giveKeys(ctx context.Context) error {
	for _, p := range demoProjects {
		if p.encryption != api.EncryptionClient {
			continue
		}
		id, err := projectNamed(ctx, s.service, s.owner, s.organization, p.name)
		if err != nil {
			return err
		}
		if id == uuid.Nil { // it is the users' to rename
			continue
		}
		for _, share := range p.shares {
			if err := s.giveKey(id, share); err != nil {
				return fmt.Errorf("giving %s the key of the project %s: %w", share.profile, p.name, err)
			}
		}
	}
	return nil
}

func (s *seeder) giveKey(project uuid.UUID, to share) error {
	g := client.KeyGrant{
		Organization: s.organization, Project: project, ARN: profileNamed(to.profile).bind, Manage: to.permission == access.Manage,
	}
	return s.give(localkms.Grant{
		Name: g.Name(), Grantee: g.ARN, Operations: g.Operations(),
		Constraints: localkms.Constraints{EncryptionContextEquals: g.Context()},
	})
}
