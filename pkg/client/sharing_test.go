package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/localkms"
)

// A sharing is a double with grants and principals beside the local KMS, which is asked over HTTP by AWS's own client.
type sharing struct {
	*double
	*client.Client
	kms *faultyKMS
	key string
	// demo has the secrets named by secrets.
	demo       *api.Project
	token, two *api.Secret

	principals []api.Principal
	policies   map[uuid.UUID][]api.Grant
	// hidden are resources whose policies the caller may not see.
	hidden map[uuid.UUID]bool
	// reading is called when a policy is read, and writing before one is written.
	reading, writing func()
	tags             map[uuid.UUID]int
}

// A faultyKMS fails where a test wants it to, and remembers what it was asked for.
type faultyKMS struct {
	client.KMS
	mutex sync.Mutex
	// fail answers the error of an action, on a grantee where it has one; nil lets it through.
	fail  func(action, grantee string) error
	asked []string
}

func (f *faultyKMS) ask(action, grantee string) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.asked = append(f.asked, strings.TrimSpace(action+" "+grantee))
	if f.fail == nil {
		return nil
	}
	return f.fail(action, grantee)
}

func (f *faultyKMS) CreateGrant(ctx context.Context, in *kms.CreateGrantInput, o ...func(*kms.Options)) (*kms.CreateGrantOutput, error) {
	if err := f.ask("CreateGrant", *in.GranteePrincipal); err != nil {
		return nil, err
	}
	return f.KMS.CreateGrant(ctx, in, o...)
}

func (f *faultyKMS) RevokeGrant(ctx context.Context, in *kms.RevokeGrantInput, o ...func(*kms.Options)) (*kms.RevokeGrantOutput, error) {
	if err := f.ask("RevokeGrant", ""); err != nil {
		return nil, err
	}
	return f.KMS.RevokeGrant(ctx, in, o...)
}

func (f *faultyKMS) ListGrants(ctx context.Context, in *kms.ListGrantsInput, o ...func(*kms.Options)) (*kms.ListGrantsOutput, error) {
	if err := f.ask("ListGrants", aws.ToString(in.GranteePrincipal)); err != nil {
		return nil, err
	}
	return f.KMS.ListGrants(ctx, in, o...)
}

const administrator = "arn:aws:iam::000000000000:user/administrator"

func newSharing(t *testing.T) *sharing {
	keys, err := localkms.Open(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := localkms.NewEndpoint(localkms.EndpointConfig{
		Keys: keys, State: filepath.Join(t.TempDir(), "kms.json"), Administrator: administrator, Log: slog.New(slog.DiscardHandler),
		Callers: func(id string) (localkms.Caller, bool) {
			return localkms.Caller{AccessKeyID: id, SecretAccessKey: "not-a-real-one", ARN: administrator}, true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(endpoint)
	t.Cleanup(served.Close)
	s := &sharing{
		double: newDouble(t), key: keys.Key(localkms.Client).ARN(), policies: map[uuid.UUID][]api.Grant{}, hidden: map[uuid.UUID]bool{},
		tags: map[uuid.UUID]int{},
		kms: &faultyKMS{KMS: kms.New(kms.Options{
			Region: "us-east-1", BaseEndpoint: &served.URL, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "not-a-real-one", ""),
		})},
	}
	s.me.ClientKeyARN = s.key
	s.demo = s.project("demo", api.EncryptionClient, newFakeKMS())
	s.token, s.two = s.secret("TOKEN"), s.secret("TWO")
	s.twist = s.answer
	pins := s.pins()
	pins.ClientKey = s.key
	s.Client = s.client(s.kms, &config.Memory{Known: pins})
	client.SetPause(s.Client, func(context.Context, time.Duration) error { return nil })
	return s
}

func (s *sharing) secret(name string) *api.Secret {
	made := &api.Secret{ID: uuid.Must(uuid.NewV7()), Name: name, Projects: []api.Reference{{ID: s.demo.ID, Name: s.demo.Name}}}
	s.secrets[made.ID] = made
	return made
}

// answer is Strongroom's, of policies and principals.
func (s *sharing) answer(r *http.Request, body []byte) any {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case path[len(path)-1] == "access-policies":
		return s.policy(r, uuid.MustParse(path[1]), body)
	case path[0] == "organizations" && path[2] == "principals":
		return api.List[api.Principal]{Data: s.principals}
	case path[0] == "principals":
		return s.principal(uuid.MustParse(path[1]), len(path) == 3)
	case path[0] == "organizations" && path[2] == "secrets":
		list := api.List[api.SecretEntry]{}
		for _, stored := range s.secrets {
			list.Data = append(list.Data, api.SecretEntry{ID: stored.ID, Name: stored.Name, Projects: stored.Projects})
		}
		return list
	}
	return nil
}

func (s *sharing) policy(r *http.Request, id uuid.UUID, body []byte) any {
	if s.hidden[id] {
		return status{code: api.CodeForbidden, message: "manage is missing"}
	}
	etag := fmt.Sprintf(`"%d"`, s.tags[id])
	if r.Method == http.MethodPut {
		if s.writing != nil {
			s.writing()
			etag = fmt.Sprintf(`"%d"`, s.tags[id])
		}
		if match := r.Header.Get("If-Match"); match != etag {
			return status{code: api.CodePreconditionFailed, message: "it has changed since"}
		}
		var in api.AccessPolicy
		if err := json.Unmarshal(body, &in); err != nil {
			s.t.Error(err)
		}
		s.policies[id] = in.Grants
		s.tags[id]++
	} else if s.reading != nil {
		s.reading()
	}
	text, _ := json.Marshal(api.AccessPolicy{Grants: append([]api.Grant{}, s.policies[id]...)})
	return raw{http.StatusOK, http.Header{"Etag": {etag}}, string(text)}
}

func (s *sharing) principal(id uuid.UUID, members bool) any {
	list := api.List[api.Principal]{Data: []api.Principal{}}
	for _, p := range s.principals {
		if p.ID == id && !members {
			return p
		}
		if p.Groups != nil && slices.ContainsFunc(*p.Groups, func(g api.Reference) bool { return g.ID == id }) {
			list.Data = append(list.Data, p)
		}
	}
	if members {
		return list
	}
	return status{code: api.CodeNotFound, message: "no such principal"}
}

func userARN(name string) string { return "arn:aws:iam::000000000000:user/" + name }

// user makes a user with one identity of its name, in some groups.
func (s *sharing) user(name string, groups ...*api.Principal) *api.Principal {
	in := []api.Reference{}
	for _, g := range groups {
		in = append(in, api.Reference{ID: g.ID, Name: g.Name})
	}
	return s.add(api.Principal{
		Kind: access.KindUser, Name: name, Role: access.RoleMember, Groups: &in, Identities: &[]api.Identity{{ARN: userARN(name)}},
	})
}

func (s *sharing) group(name string) *api.Principal {
	return s.add(api.Principal{Kind: access.KindGroup, Name: name})
}

func (s *sharing) add(p api.Principal) *api.Principal {
	p.ID = uuid.Must(uuid.NewV7())
	s.principals = append(slices.Clone(s.principals), p)
	return &s.principals[len(s.principals)-1]
}

// give grants in Strongroom alone.
func (s *sharing) give(resource uuid.UUID, p *api.Principal, permission access.Permission) {
	s.policies[resource] = append(s.policies[resource], api.Grant{Principal: api.GrantPrincipal{ID: p.ID}, Permission: permission})
}

// granted makes a grant in KMS alone, and answers its id; change makes it another one than Strongroom would.
func (s *sharing) granted(arn string, manage bool, change func(*kms.CreateGrantInput)) string {
	s.t.Helper()
	g := client.KeyGrant{Organization: ourOrganization, Project: s.demo.ID, ARN: arn, Manage: manage}
	in := &kms.CreateGrantInput{
		KeyId: &s.key, GranteePrincipal: &arn, Name: aws.String(g.Name()),
		Constraints: &types.GrantConstraints{EncryptionContextEquals: g.Context()},
	}
	for _, operation := range g.Operations() {
		in.Operations = append(in.Operations, types.GrantOperation(operation))
	}
	if change != nil {
		change(in)
	}
	made, err := s.kms.KMS.CreateGrant(s.t.Context(), in)
	if err != nil {
		s.t.Fatal(err)
	}
	return *made.GrantId
}

// onKey are the grants on the key, in words.
func (s *sharing) onKey() []string {
	s.t.Helper()
	list := kms.NewListGrantsPaginator(s.kms.KMS, &kms.ListGrantsInput{KeyId: &s.key})
	var all []string
	for list.HasMorePages() {
		page, err := list.NextPage(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		for _, g := range page.Grants {
			name := strings.TrimPrefix(*g.GranteePrincipal, userARN(""))
			all = append(all, fmt.Sprint(name, " ", g.Operations))
		}
	}
	slices.Sort(all)
	return all
}

// words are a plan's steps.
func words(plan client.KeyPlan) []string {
	var all []string
	for _, list := range []struct {
		do     string
		grants []client.KeyGrant
	}{{"make", plan.Make}, {"remove", plan.Remove}, {"keep", plan.Keep}, {"leave", plan.Left}} {
		for _, g := range list.grants {
			line := list.do + " " + strings.TrimPrefix(g.ARN, userARN("")) + " " + strings.Join(g.Operations(), ",")
			if g.Strange {
				line += " strange"
			}
			if len(g.For) > 0 {
				line += " for " + strings.Join(g.For, ", ")
			}
			all = append(all, line)
		}
	}
	for _, refused := range plan.Refused {
		all = append(all, "refuse "+refused.ARN)
	}
	return all
}

func (s *sharing) plan() client.KeyPlan {
	s.t.Helper()
	plan, err := s.PlanKeyGrants(s.t.Context(), "demo")
	if err != nil {
		s.t.Fatal(err)
	}
	return plan
}

// planFor is after the grants on the project changed.
func (s *sharing) planFor(p *api.Principal) client.KeyPlan {
	s.t.Helper()
	plan, err := s.PlanKeyGrants(s.t.Context(), "demo", p.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return plan
}

// apply does what a plan says, and answers the steps that went well.
func (s *sharing) apply(plan client.KeyPlan) (done []string, err error) {
	err = s.Apply(s.t.Context(), plan, func(g client.KeyGrant, made bool, err error) {
		if err == nil {
			done = append(done, fmt.Sprint(strings.TrimPrefix(g.ARN, userARN("")), " ", made))
		}
	})
	return done, err
}

func contextOf(project uuid.UUID) map[string]string {
	return clientcrypto.KeyContext(ourOrganization, project)
}
