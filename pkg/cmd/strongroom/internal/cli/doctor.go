package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/cmd/strongroom/internal/deployed"
)

// A diagnosis is one line: how it is with one thing, and what to do.
type diagnosis struct {
	State health `json:"state"`
	Check string `json:"check"`
	Says  string `json:"says"`
	// Fix is what to do about it, if anything.
	Fix string `json:"fix,omitempty"`
}

// A health is ok, warn or fail.
type health string

const (
	stateOK   health = "ok"
	stateWarn health = "warn"
	stateFail health = "fail"
)

// A clinic is one run of doctor.
type clinic struct {
	*Main
	settings  *config.Config
	functions string
	found     []diagnosis
}

func (m *Main) doctor() *cobra.Command {
	var functions string
	c := &cobra.Command{
		Use: "doctor [--functions PREFIX]", Short: "see whether all is well between this machine, Strongroom and AWS", Args: none,
		Long: "See whether all is well: credentials, whose they are, this machine's clock, whether Strongroom can be reached, to whom\n" +
			"it binds you, whether what it says is what is pinned, whether KMS unwraps a project's key for you, who in the account\n" +
			"can invoke the functions directly, and so tell them that somebody else asks, and whether the workers of the rotations\n" +
			"that are set are let in, and come by projects' keys by KMS grants alone. Each is a line: ok, warn, or fail with what to\n" +
			"do; with a fail the status is 1. Nothing is changed or pinned, and no secret is read.\n\n" +
			"Who can invoke the functions takes lambda:ListFunctions and iam:GetAccountAuthorizationDetails; what workers come by\n" +
			"takes that, kms:GetKeyPolicy and the role owner, admin or auditor. Without these it says so. Policies of\n" +
			"the AWS organization, which can only take away, are not looked at; nor are the functions' own, which let API Gateway\n" +
			"and schedules in, and could let somebody else in.\n\n" +
			"  strongroom doctor\n" +
			"  strongroom doctor --output json",
		RunE: func(c *cobra.Command, _ []string) error { return m.diagnose(c.Context(), functions) },
	}
	c.Flags().StringVar(&functions, "functions", "strongroom-", "what the names of the functions begin with, a `PREFIX`")
	return c
}

func (m *Main) diagnose(ctx context.Context, functions string) error {
	settings, err := m.load()
	if err != nil {
		return err
	}
	c := &clinic{Main: m, settings: settings, functions: functions}
	c.examine(ctx)
	l := listing{header: []string{"STATE", "CHECK", "SAYS"}, data: c.found}
	failed := 0
	for _, d := range c.found {
		says := d.Says
		if d.Fix != "" {
			says += "; " + d.Fix
		}
		if d.State == stateFail {
			failed++
		}
		l.rows = append(l.rows, []string{string(d.State), d.Check, visible(says)})
	}
	if err := m.show(settings, l); err != nil {
		return err
	}
	if failed > 0 {
		return &exitError{ExitError, fmt.Errorf("%s not well", counted(failed, "thing is", "things are"))}
	}
	return nil
}

func (c *clinic) note(s health, check, fix, format string, args ...any) {
	c.found = append(c.found, diagnosis{s, check, fmt.Sprintf(format, args...), fix})
}

// examine goes on for as long as the next thing can be looked at.
func (c *clinic) examine(ctx context.Context) {
	at, err := c.settings.URL()
	if err != nil {
		c.note(stateFail, "settings", "see `strongroom config`", "%s", err)
		return
	}
	made, err := client.FromSettings(ctx, c.settings)
	if err != nil {
		c.note(stateFail, "settings", "see `strongroom config`", "%s", err)
		return
	}
	c.note(stateOK, "settings", "", "profile %s: %s, region %s", c.settings.Profile, at, made.AWS.Region)
	inAWS := !onThisMachine(at)
	who, known := c.credentials(ctx, made.AWS, inAWS)
	if !c.endpoint(ctx, at) || !known {
		return
	}
	s, me, ok := c.identity(ctx, who)
	if !ok {
		return
	}
	if c.pins(me, at) {
		c.clientKey(ctx, s)
	}
	if inAWS {
		account, err := deployed.ReadIdentities(ctx, made.AWS)
		c.invokers(ctx, made.AWS, account, err)
		c.workers(ctx, s, made.AWS, account, err)
	}
}

// credentials says whose these are. In AWS that is STS's word; elsewhere only Strongroom knows.
func (c *clinic) credentials(ctx context.Context, of aws.Config, inAWS bool) (who deployed.Caller, ok bool) {
	const fix = "set AWS_PROFILE, or sign in with `aws sso login`"
	if of.Credentials == nil {
		c.note(stateFail, "credentials", fix, "there are none")
		return who, false
	}
	found, err := of.Credentials.Retrieve(ctx)
	if err != nil {
		c.note(stateFail, "credentials", fix, "there are none, or they can't be had: %s", firstLine(err))
		return who, false
	}
	if !inAWS {
		c.note(stateOK, "credentials", "", "there, from %s", found.Source)
		return who, true
	}
	who, err = deployed.WhoAmI(ctx, of)
	switch {
	case who.ARN == "" && err != nil:
		c.note(stateFail, "credentials", fix, "AWS does not know them: %s", firstLine(err))
		return who, false
	case err != nil:
		c.note(stateFail, "credentials", "use those of an IAM user or role", "%s can be bound to nobody: %s", who.ARN, firstLine(err))
		return who, false
	}
	c.note(stateOK, "credentials", "", "%s, from %s", who.ARN, found.Source)
	return who, true
}

// Signatures are taken for five minutes before and after the time that they say
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html).
const (
	skewTaken = 5 * time.Minute
	skewWell  = time.Minute
)

// endpoint asks without a signature, which is refused, and looks at the refusal's date.
func (c *clinic) endpoint(ctx context.Context, at string) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/me", nil)
	if err != nil {
		c.note(stateFail, "endpoint", "see `strongroom config`", "%s is no URL", at)
		return false
	}
	asker := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	began := time.Now()
	answer, err := asker.Do(request)
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		c.note(stateFail, "endpoint", "is it running, and are the URL and the network right?", "%s can't be reached: %s", at, firstLine(err))
		return false
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		c.note(stateFail, "endpoint", "check the URL, and its stage", "%s answers a request without signature with status %d, and Strongroom would with 403", at, answer.StatusCode)
		return false
	}
	c.note(stateOK, "endpoint", "", "%s answers, and refuses who does not sign", at)
	c.clock(answer.Header.Get("Date"), began, time.Now())
	return true
}

// clock compares this machine's clock with the server's, whose dates have whole seconds.
func (c *clinic) clock(date string, began, ended time.Time) {
	there, err := http.ParseTime(date)
	if err != nil {
		c.note(stateWarn, "clock", "", "the server does not say what time it is")
		return
	}
	skew := time.Duration(0)
	switch {
	case there.Before(began.Add(-time.Second)):
		skew = began.Sub(there)
	case there.After(ended):
		skew = there.Sub(ended)
	}
	const fix = "set this machine's clock"
	switch skew = skew.Truncate(time.Second); {
	case skew >= skewTaken:
		c.note(stateFail, "clock", fix, "it is %s from the server's, and signatures are refused", skew)
	case skew >= skewWell:
		c.note(stateWarn, "clock", fix, "it is %s from the server's; from five minutes on signatures are refused", skew)
	default:
		c.note(stateOK, "clock", "", "it is the server's, to %s", max(skew, time.Second))
	}
}

// identity asks Strongroom who this is. The client believes what it says for now, so that pins can be compared after.
func (c *clinic) identity(ctx context.Context, who deployed.Caller) (*session, api.Me, bool) {
	s, err := c.connectWith(ctx, c.settings, func(made *client.Config) {
		made.Pins, made.Seen, made.Notice = &config.Memory{}, nil, nil
	})
	if err != nil {
		c.note(stateFail, "identity", "see `strongroom config`", "%s", firstLine(err))
		return nil, api.Me{}, false
	}
	me, err := s.Whoami(ctx)
	switch {
	case errors.Is(err, client.ErrForbidden):
		fix := "an owner or admin binds the ARN: strongroom user bind NAME ARN, or service-account bind"
		if who.Bind != "" {
			fix = fmt.Sprintf("an owner or admin runs: strongroom user bind NAME %s, or service-account bind", who.Bind)
			if who.Pin != "" {
				fix = fmt.Sprintf("an owner or admin runs: strongroom user bind NAME %s --unique-id %s", who.Bind, who.Pin)
			}
		}
		c.note(stateFail, "identity", fix, "%s", firstLine(err))
		return nil, me, false
	case err != nil:
		c.note(stateFail, "identity", "", "%s", firstLine(err))
		return nil, me, false
	}
	c.note(stateOK, "identity", "", "%s (%s), by %s", me.Principal.Name, noun(me.Principal.Kind), me.Identity.ARN)
	return s, me, true
}

// pins compares what the server says with what is pinned.
func (c *clinic) pins(me api.Me, at string) bool {
	said := config.Pins{Organization: me.OrganizationID, ClientKey: me.ClientKeyARN}
	pinned, err := c.settings.Pins()
	if err == nil {
		err = c.settings.Check(said, "the server at "+at)
	}
	switch {
	case is[*config.UnpinnedError](err):
		c.note(stateFail, "pins", "compare with a colleague, and run `strongroom pin --organization ID --client-key ARN`", "%s", firstLine(err))
	case err != nil:
		c.note(stateFail, "pins", "ask who runs this Strongroom before you send it anything", "%s", firstLine(err))
		return false
	case pinned.Organization == uuid.Nil || pinned.ClientKey == "":
		c.note(stateWarn, "pins", "the next command pins them; compare with a colleague's `strongroom pin`", "the organization and the client key are not pinned yet")
	default:
		c.note(stateOK, "pins", "", "organization %s and its client key are as pinned", me.OrganizationID)
	}
	return true
}

// clientKey has KMS unwrap the key of a project that the caller sees, with the pinned key and context.
func (c *clinic) clientKey(ctx context.Context, s *session) {
	for p, err := range s.Projects(ctx) {
		if err != nil {
			c.note(stateFail, "client key", "", "projects can't be listed: %s", firstLine(err))
			return
		}
		if p.Encryption != api.EncryptionClient {
			continue
		}
		full, err := s.Project(ctx, p.ID.String())
		if err != nil || full.Keys == nil || len(*full.Keys) == 0 {
			continue
		}
		c.unwraps(ctx, s, full)
		return
	}
	c.note(stateWarn, "client key", "", "you see no project that clients encrypt: whether KMS would unwrap its key can't be tried")
}

func (c *clinic) unwraps(ctx context.Context, s *session, p api.Project) {
	service, key, err := s.ClientKey(ctx)
	if err != nil {
		c.note(stateFail, "client key", "", "%s", firstLine(err))
		return
	}
	keys := *p.Keys
	out, err := service.Decrypt(ctx, &kms.DecryptInput{
		KeyId: &key, CiphertextBlob: keys[len(keys)-1].Wrapped, EncryptionContext: clientcrypto.KeyContext(p.OrganizationID, p.ID),
	})
	if err != nil {
		c.note(stateFail, "client key", "who manages it runs `strongroom access sync "+p.Name+"`; KMS takes up to five minutes to know",
			"KMS does not unwrap the key of %s for you: %s", p.Name, firstLine(err))
		return
	}
	clear(out.Plaintext)
	c.note(stateOK, "client key", "", "KMS unwraps the key of %s for you", p.Name)
}

// invokers says who can go round the API.
func (c *clinic) invokers(ctx context.Context, of aws.Config, account *deployed.Identities, unread error) {
	const check = "functions"
	functions, err := deployed.Functions(ctx, of, c.functions)
	if err == nil && len(functions) == 0 {
		c.note(stateWarn, check, "say --functions PREFIX", "no function in %s is called %s…: who can invoke them can't be said", of.Region, c.functions)
		return
	}
	var all []deployed.Invoker
	if err == nil && unread == nil {
		all = account.Invokers(functions)
	}
	err = cmp.Or(err, unread)
	if action, denied := deployed.Denied(err); denied {
		c.note(stateWarn, check, "ask an administrator to run doctor", "who can invoke them directly can't be said: you are not allowed %s", action)
		return
	}
	if err != nil {
		c.note(stateWarn, check, "", "who can invoke them directly can't be said: %s", firstLine(err))
		return
	}
	if len(all) == 0 {
		c.note(stateOK, check, "", "no policy of a user or role of the account lets it invoke the %s directly", counted(len(functions), "function", "functions"))
		return
	}
	var names []string
	for _, i := range all {
		names = append(names, i.String())
	}
	c.note(stateWarn, check, "leave lambda:InvokeFunction to operators, best in an account of Strongroom's own",
		"%s may invoke the %s directly, and so be anybody to them: %s", counted(len(all), "user or role", "users and roles"),
		counted(len(functions), "function", "functions"), strings.Join(names, ", "))
}

// firstLine is an error in one line.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// onThisMachine says whether a URL in its normal form is this machine's.
func onThisMachine(at string) bool {
	u, err := url.Parse(at)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
