package local

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/envelope"
	"strongroom/pkg/gateway"
	"strongroom/pkg/localkms"
	"strongroom/pkg/secrets"
)

// Names of what the first start makes.
const (
	organizationName = "demo"
	clientProject    = "demo"
	// closedProject is clients', too, and the service accounts may not read it.
	closedProject = "payroll"
	serverProject = "plain"
)

// A share is what the demo grants on a project.
type share struct {
	profile    string
	permission access.Permission
}

// A demoProject is a project of the demo.
type demoProject struct {
	name       string
	encryption api.Encryption
	shares     []share
}

var demoProjects = []demoProject{
	{clientProject, api.EncryptionClient, []share{{Owner, access.Manage}, {Developer, access.Write}, {CI, access.Read}, {Rotation, access.Write}}},
	{closedProject, api.EncryptionClient, []share{{Owner, access.Manage}, {Developer, access.Write}}},
	{serverProject, api.EncryptionServer, []share{{Owner, access.Manage}, {Developer, access.Write}, {CI, access.Read}, {Rotation, access.Write}}},
}

// A seeder makes the demo: it looks each thing up by its name and makes what is not as it should be, so that it may be
// stopped at any moment and run again.
type seeder struct {
	service      *secrets.Service
	organization uuid.UUID
	// create is create-organization's function.
	create gateway.Function
	// owner signs, so to speak, what the ordinary use cases are asked.
	owner     secrets.Caller
	ownerARN  string
	clientKey envelope.KeyService
	// give makes a grant on the client key; again is harmless.
	give func(localkms.Grant) error
}

// seed makes the organization, its principals and its projects.
func (s *seeder) seed(ctx context.Context) error {
	if err := s.createOrganization(ctx); err != nil {
		return fmt.Errorf("making the organization: %w", err)
	}
	developer, err := s.principal(ctx, access.KindUser, Developer)
	if err != nil {
		return fmt.Errorf("making the user %s: %w", Developer, err)
	}
	ci, err := s.principal(ctx, access.KindServiceAccount, CI)
	if err != nil {
		return fmt.Errorf("making the service account %s: %w", CI, err)
	}
	rotation, err := s.principal(ctx, access.KindServiceAccount, Rotation)
	if err != nil {
		return fmt.Errorf("making the service account %s: %w", Rotation, err)
	}
	me, err := s.service.Whoami(ctx, s.owner)
	if err != nil {
		return fmt.Errorf("finding the owner: %w", err)
	}
	ids := map[string]uuid.UUID{Owner: me.Principal.ID, Developer: developer, CI: ci, Rotation: rotation}
	for _, p := range demoProjects {
		if err := s.project(ctx, p, ids); err != nil {
			return fmt.Errorf("making the project %s: %w", p.name, err)
		}
	}
	return nil
}

// createOrganization invokes create-organization as an administrator of the account would; again is harmless.
func (s *seeder) createOrganization(ctx context.Context) error {
	payload, err := json.Marshal(api.CreateOrganization{Name: organizationName, OwnerName: Owner, OwnerARN: s.ownerARN})
	if err != nil {
		return err
	}
	_, err = s.create.Invoke(ctx, payload)
	return err
}

// principal is the id of the user or service account of that name, bound to the identity of the profile of that name.
func (s *seeder) principal(ctx context.Context, kind access.Kind, name string) (uuid.UUID, error) {
	found, err := s.principalNamed(ctx, kind, name)
	if err != nil {
		return uuid.Nil, err
	}
	if found.ID == uuid.Nil {
		in := api.CreatePrincipal{Kind: kind, Name: name}
		if found, _, err = s.service.CreatePrincipal(ctx, s.owner, s.organization, in); err != nil {
			return uuid.Nil, err
		}
	}
	identities := api.PutIdentities{Identities: []api.Identity{{ARN: profileNamed(name).bind}}}
	_, err = s.service.PutIdentities(ctx, s.owner, found.ID, "", identities)
	return found.ID, err
}

func (s *seeder) principalNamed(ctx context.Context, kind access.Kind, name string) (api.Principal, error) {
	list, err := s.service.ListPrincipals(ctx, s.owner, s.organization, kind, api.Page{Limit: api.MaxLimit})
	for _, p := range list.Data {
		if p.Name == name {
			return p, err
		}
	}
	return api.Principal{}, err
}

// project makes a project, with its grants to principals of those ids.
func (s *seeder) project(ctx context.Context, p demoProject, ids map[string]uuid.UUID) error {
	id, err := projectNamed(ctx, s.service, s.owner, s.organization, p.name)
	if err != nil {
		return err
	}
	if id == uuid.Nil {
		if id, err = s.createProject(ctx, p); err != nil {
			return err
		}
	}
	var grants []api.Grant
	for _, share := range p.shares {
		grants = append(grants, api.Grant{Principal: api.GrantPrincipal{ID: ids[share.profile]}, Permission: share.permission})
	}
	_, err = s.service.PutProjectAccess(ctx, s.owner, secrets.PutAccess{ID: id, Grants: grants})
	return err
}

func (s *seeder) createProject(ctx context.Context, p demoProject) (uuid.UUID, error) {
	id := uuid.Must(uuid.NewV7())
	in := api.CreateProject{ID: &id, Name: p.name, Encryption: &p.encryption}
	if p.encryption == api.EncryptionClient {
		key, err := s.projectKey(ctx, id)
		if err != nil {
			return uuid.Nil, err
		}
		in.Key = &key
	}
	_, _, err := s.service.CreateProject(ctx, s.owner, s.organization, in)
	return id, err
}

// projectKey makes a project key as a client does: under the client key, bound to the organization and the project.
func (s *seeder) projectKey(ctx context.Context, project uuid.UUID) (api.NewProjectKey, error) {
	made, err := s.clientKey.GenerateDataKey(ctx, clientcrypto.KeyContext(s.organization, project))
	if err != nil {
		return api.NewProjectKey{}, err
	}
	clear(made.Plaintext)
	return api.NewProjectKey{ID: uuid.Must(uuid.NewV7()), Wrapped: made.Wrapped}, nil
}

// projectNamed is the id of the project of that name, or uuid.Nil where the caller sees none.
func projectNamed(
	ctx context.Context, service *secrets.Service, by secrets.Caller, organization uuid.UUID, name string,
) (uuid.UUID, error) {
	list, err := service.ListProjects(ctx, by, organization, api.Page{Limit: api.MaxLimit})
	for _, p := range list.Data {
		if p.Name == name {
			return p.ID, err
		}
	}
	return uuid.Nil, err
}
