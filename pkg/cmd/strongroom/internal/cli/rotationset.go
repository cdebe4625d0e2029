package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

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
			"Settings are those of the rotator, which `strongroom rotation settings KIND` lists. A key may name one within another\n" +
			"(password.length=40), one that comes again makes a list, and @FILE is what a file has. They hold\n" +
			"no values: secrets that are needed, such as an admin's password, are named, by id or as project/name, and you must be\n" +
			"allowed to read them. It takes manage on the secret.\n\n" + references + "\n\n" +
			"  strongroom rotation set demo/TOKEN --rotator random --every 30d --setting length=40\n" +
			"  strongroom rotation set demo/DB --rotator postgresql --every '0 3 * * 1' --window 2h \\\n" +
			"    --setting host=db.example.com --setting port=5432 --setting users=app_a --setting users=app_b \\\n" +
			"    --setting adminSecretId=demo/DB_ADMIN --setting ca=@ca.pem --deadline 7d\n\n" +
			"A worker rotates it, which is a service account that may write the secret. What that is missing is said, with the\n" +
			"command that gives it. It is worker-KIND, and rotation on a local server; where yours is another, --worker says whom\n" +
			"to look at, which is not stored. A local server has workers for " + listed(local.Rotated(), kindText) + " only.",
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
	f.StringVar(&flags.worker, "worker", "", "look whether that `PRINCIPAL`, of workers of your own, may write it")
	if err := c.MarkFlagRequired("rotator"); err != nil {
		panic(err)
	}
	if err := c.RegisterFlagCompletionFunc("setting", completeSetting); err != nil {
		panic(err)
	}
	return c
}

func kindText(k rotating.Kind) string { return string(k) }

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
	if err := checkEvery(in.Every); err != nil {
		return err
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
	w, err := s.worker(ctx, flags.worker, rotating.Kind(in.Rotator))
	if err != nil {
		return err
	}
	r, err := s.PutRotation(ctx, id, in, "")
	if err != nil {
		return byFlags(inCommands(err, text))
	}
	if err := doneBut(m.show(s.settings, rotationListing(r))); err != nil {
		return err
	}
	return doneBut(m.sayWorker(ctx, s, text, id, w))
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
			return nil, fmt.Errorf("--setting %s: %s: %w", key, named, err)
		}
		members[key] = id.String()
	}
	return json.Marshal(members)
}

// checkEvery says how what AWS's schedules are written like is written here.
func checkEvery(every string) error {
	for begin, right := range map[string]string{
		"rate(": "a time, as in 30d or 12h",
		"cron(": "five fields in UTC, without cron(…), a year and ?, as in '0 3 * * *'",
		"@":     "a time, as in 1d, or five fields in UTC, as in '0 0 * * *'",
	} {
		if strings.HasPrefix(every, begin) {
			return usage("--every: write %s, not %q", right, every)
		}
	}
	return nil
}

// flagsOf are the flags that fields of put-rotation's request are made of.
var flagsOf = map[string]string{
	"every": "--every", "window": "--window", "rotator": "--rotator", "settings": "--setting",
	"readers": "--readers-within, --deadline and --grace", "readers.within": "--readers-within", "readers.deadline": "--deadline",
	"readers.grace": "--grace",
}

// byFlags is an answer about fields of the request that says by which flags they were given.
func byFlags(err error) error {
	var answered *client.Error
	if !errors.As(err, &answered) || len(answered.API.Details) == 0 {
		return err
	}
	faults := make([]string, len(answered.API.Details))
	for i, d := range answered.API.Details {
		flag := orDefault(flagsOf[d.Field], d.Field)
		if name, ok := strings.CutPrefix(d.Field, "settings."); ok {
			flag = "--setting " + name
		}
		faults[i] = flag + ": " + d.Message
	}
	rest := *answered
	rest.API.Details = nil
	return &exitError{ExitError, fmt.Errorf("%s%s", strings.Join(faults, "; "), hint(&rest))}
}
