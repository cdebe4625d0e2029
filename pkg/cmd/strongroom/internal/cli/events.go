package cli

import (
	"context"
	"encoding/pem"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/client"
)

func (m *Main) events() *cobra.Command {
	return group(&cobra.Command{
		Use: "events", Short: "list who did what, export the record, and verify that nobody changed it",
		Long: "List who did, or tried to do, what, export the record, and verify that nobody changed it. Recorded is what answered\n" +
			"or changed a value, what changed anything else, and what was refused; lists and looks without values are not.\n\n" +
			"Ten minutes after an hour ended its events are sealed: what they are is signed by a KMS key, and each seal names the\n" +
			"one before. `export` writes events and seals into a file, `verify` checks such a file without any connection.\n" +
			"What was written in the last seventy minutes may not be sealed yet.",
	}, m.eventsList(), m.eventsExport(), m.eventsVerify(), m.eventsSeals(), m.eventsKey())
}

// timeFlags are what commands about a part of the events take.
type timeFlags struct{ from, to string }

const timesInWords = "A TIME is a date, an hour or a moment of UTC: 2026-11-26, 2026-11-26T15, 2026-11-26T15:04:05Z."

func (f *timeFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.from, "from", "", "only from `TIME` on")
	c.Flags().StringVar(&f.to, "to", "", "only before `TIME`")
}

// times are the moments that the flags say.
func (f *timeFlags) times() (times client.EventTimes, err error) {
	if times.From, err = parseMoment("--from", f.from); err != nil {
		return times, err
	}
	times.To, err = parseMoment("--to", f.to)
	return times, err
}

// parseMoment reads a time; the zero time for nothing.
func parseMoment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.DateOnly, "2006-01-02T15", time.RFC3339Nano} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usage("%s must be a date, an hour or a moment of UTC, such as 2026-11-26, 2026-11-26T15 or 2026-11-26T15:04:05Z, not %q",
		flag, text)
}

func (m *Main) eventsSeals() *cobra.Command {
	var flags timeFlags
	c := &cobra.Command{
		Use: "seals [--from TIME] [--to TIME]", Short: "list the seals of hours, newest first", Args: none,
		Long: "List the seals of hours, newest first, and what was removed because events are not kept for longer. It takes the\n" +
			"role owner, admin or auditor.\n" + timesInWords + "\n\n" +
			"  strongroom events seals --from 2026-11-26",
		RunE: func(c *cobra.Command, _ []string) error { return m.listSeals(c.Context(), flags) },
	}
	flags.add(c)
	return c
}

func (m *Main) listSeals(ctx context.Context, flags timeFlags) error {
	times, err := flags.times()
	if err != nil {
		return err
	}
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	all, err := collect(s.Seals(ctx, times))
	if err != nil {
		return err
	}
	l := listing{header: []string{"HOUR", "WHAT", "EVENTS", "SIGNED", "KEY"}, data: all}
	for _, e := range all {
		hour, what := e.Hour, "sealed"
		if e.Kind == api.SealOfRemoval {
			hour, what = e.Hour+" to "+e.Through, "removed"
		}
		l.rows = append(l.rows, []string{hour, what, strconv.FormatInt(e.Events, 10), moment(e.At), e.Fingerprint})
	}
	return m.show(s.settings, l)
}

func (m *Main) eventsKey() *cobra.Command {
	return &cobra.Command{
		Use: "key", Short: "print the public key that events are sealed by", Args: none,
		Long: "Print the public key that the last seal is signed by, as `strongroom events verify --key` takes it. It comes from the\n" +
			"server: compare its fingerprint, which is said on standard error, with that of what KMS answers to whoever may ask it:\n\n" +
			"  strongroom events key > seals.pem\n" +
			"  aws kms get-public-key --key-id KEY --query PublicKey --output text > seals.key",
		RunE: func(c *cobra.Command, _ []string) error { return m.sealKey(c.Context()) },
	}
}

func (m *Main) sealKey(ctx context.Context) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	for e, err := range s.Seals(ctx, client.EventTimes{}) {
		if err != nil {
			return err
		}
		key := audit.PublicKey(e.PublicKey)
		if err := key.Check(); err != nil {
			return err
		}
		m.sayf("%s, the key %s", key.Fingerprint(), visible(e.KeyARN))
		_, err = m.Stdout.Write(pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: key}))
		return err
	}
	return &exitError{exit: ExitError, err: errNoSeal}
}
