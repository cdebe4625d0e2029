package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/local"
	rotating "strongroom/pkg/rotation"
)

// rotationFlags are what `rotation set` takes.
type rotationFlags struct {
	in       api.PutRotation
	readers  api.RotationReaders
	settings []string
	worker   string
}

func (m *Main) rotationSet() *cobra.Command {
	var flags rotationFlags
	c := &cobra.Command{
		Use: "set REF --rotator KIND [--every TIME|CRON] [--window TIME] [--setting KEY=VALUE]… [--readers-within TIME] [--deadline TIME] " +
			"[--grace TIME] [--worker PRINCIPAL]",
		Short: "set how a secret is rotated", Args: exactly("REF"),
		Long: "Set how a secret is rotated from now on, wholly: what was set before is replaced. The same again says that you have\n" +
			"looked at it: then it is set by you, and no more by who left. KIND is one of\n\n" + rotatorTable() + "\n" +
			"Settings are those of the rotator. A key may name one within another (password.length=40), one that comes again makes\n" +
			"a list, and @FILE is what a file has. They hold no values: secrets that are needed, such as an admin's password, are\n" +
			"named, by id or as project/name, and you must be allowed to read them. It takes manage on the secret.\n\n" + references + "\n\n" +
			"  strongroom rotation set demo/TOKEN --rotator random --every 30d --setting length=40\n" +
			"  strongroom rotation set demo/DB --rotator postgresql --every '0 3 * * 1' --window 2h \\\n" +
			"    --setting host=db.example.com --setting port=5432 --setting users=app_a --setting users=app_b \\\n" +
			"    --setting adminSecretId=demo/DB_ADMIN --setting ca=@ca.pem --deadline 7d\n\n" +
			"A worker rotates it, which is a service account that may write the secret. What that is missing is said, with the\n" +
			"command that gives it; --worker says which one it is: without that, it is worker-KIND, and rotation on a local server.",
		RunE: func(c *cobra.Command, args []string) error { return m.setRotation(c.Context(), args[0], flags) },
	}
	f := c.Flags()
	f.StringVar(&flags.in.Rotator, "rotator", "", "the `KIND` of what rotates it")
	f.StringVar(&flags.in.Every, "every", "", "how often, as in 30d or 12h, or when, as a cron expression in UTC; without it, when asked for alone: `TIME`")
	f.StringVar(&flags.in.Window, "window", "", "begin within that `TIME` after the moment, as in 2h: each secret at its own")
	f.StringArrayVar(&flags.settings, "setting", nil, "a setting of the rotator, `KEY=VALUE`")
	f.StringVar(&flags.readers.Within, "readers-within", "", "wait for who read an older value within that `TIME`, as in 30d")
	f.StringVar(&flags.readers.Deadline, "deadline", "", "have the old value work that `TIME` at most, as in 7d")
	f.StringVar(&flags.readers.Grace, "grace", "", "have it work that `TIME` after the last reader came, as in 10m")
	f.StringVar(&flags.worker, "worker", "", "the service account of the workers, `PRINCIPAL`")
	if err := c.MarkFlagRequired("rotator"); err != nil {
		panic(err)
	}
	completeFlag(c, "rotator", oneOf(rotating.Kinds()...))
	return c
}

// rotatorTable is every kind of rotator, in lines.
func rotatorTable() string {
	var b strings.Builder
	for _, r := range rotating.Rotators {
		b.WriteString(indented + string(r.Kind) + strings.Repeat(" ", max(1, 16-len(r.Kind))) + r.Summary + "\n")
	}
	return b.String()
}

func (m *Main) setRotation(ctx context.Context, text string, flags rotationFlags) error {
	in := flags.in
	if flags.readers != (api.RotationReaders{}) {
		in.Readers = &flags.readers
	}
	var err error
	if in.Settings, err = settingsOf(flags.settings, os.ReadFile); err != nil {
		return err
	}
	s, id, err := m.connectToID(ctx, text)
	if err != nil {
		return err
	}
	if in.Settings, err = s.withSecrets(ctx, in.Settings); err != nil {
		return err
	}
	r, err := s.PutRotation(ctx, id, in, "")
	if err != nil {
		return err
	}
	if err := doneBut(m.show(s.settings, rotationListing(r))); err != nil {
		return err
	}
	worker := orDefault(flags.worker, workerOf(s.URL(), rotating.Kind(r.Rotator)))
	return doneBut(m.sayWorker(ctx, s, text, id, worker))
}

// workerOf is the service account of a kind's worker, where nobody said otherwise.
func workerOf(server string, kind rotating.Kind) string {
	if onThisMachine(server) {
		return local.Rotation
	}
	return kind.Worker()
}

// withSecrets puts ids in place of the secrets that settings name as people do.
func (s *session) withSecrets(ctx context.Context, settings []byte) ([]byte, error) {
	var members map[string]any
	if err := json.Unmarshal(settings, &members); err != nil {
		return nil, err
	}
	for key, value := range members {
		named, ok := value.(string)
		if !ok || !strings.HasSuffix(key, "SecretId") || isID(named) {
			continue
		}
		ref, err := s.ref(ctx, named)
		if err != nil {
			return nil, err
		}
		id, err := s.Lookup(ctx, ref.text)
		if err != nil {
			return nil, err
		}
		members[key] = id.String()
	}
	return json.Marshal(members)
}

// sayWorker says what the worker is missing of the two locks. Who may not see that is told how to look.
func (m *Main) sayWorker(ctx context.Context, s *session, text string, id uuid.UUID, worker string) error {
	all, err := collect(s.SecretPrincipals(ctx, id))
	if errors.Is(err, client.ErrForbidden) {
		m.sayf("whether its worker %s may write it, you may not see; `%s` says it", worker, pasted("access", "why", worker, text))
		return nil
	}
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(p api.SecretPrincipal) bool {
		reach, err := access.ParsePermission(string(p.Reach))
		return err == nil && reach >= access.Write && p.Principal.Name == worker && p.Principal.Kind == access.KindServiceAccount
	})
	projects, err := s.projectsOf(ctx, id)
	if err != nil {
		return err
	}
	if i < 0 {
		for _, p := range projects {
			m.sayf("its worker %s may not write it yet; `%s` gives it that", worker, pasted("access", "grant", worker, "write", p.Name))
		}
		if len(projects) == 0 { // or in none that the caller sees
			m.sayf("its worker %s may not write it yet; `%s` gives it that", worker, pasted("access", "grant", worker, "write", id.String()))
		}
		return nil
	}
	m.sayf("its worker %s may write it", worker)
	for _, p := range projects {
		m.sayKey(ctx, s, p, all[i])
	}
	return nil
}

// sayKey says whether KMS gives the worker a project's key. What can't be found out is no error: the worker will say it.
func (m *Main) sayKey(ctx context.Context, s *session, p client.Project, worker api.SecretPrincipal) {
	if p.Encryption != api.EncryptionClient {
		return
	}
	plan, err := s.KeyPlanner().PlanFor(ctx, p, client.Resource{Project: p.ID}, worker.Principal.ID)
	switch sync := pasted("access", "sync", p.Name); {
	case err != nil:
		m.sayf("whether KMS gives it the key of %q can't be seen from here; `%s --dry-run` says it: %s", p.Name, sync, err)
	case len(plan.Make) > 0:
		m.sayf("KMS does not give it the key of %q yet; `%s` does that", p.Name, sync)
	}
}

// projectsOf are the projects of a secret.
func (s *session) projectsOf(ctx context.Context, secret uuid.UUID) ([]client.Project, error) {
	r, err := s.resource(ctx, secret.String())
	if err != nil {
		return nil, err
	}
	var projects []client.Project
	for _, id := range r.projects {
		p, err := s.Resolve(ctx, id.String())
		if err != nil {
			return nil, err
		}
		projects = append(projects, p)
	}
	return projects, nil
}
