package cli

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/audit"
	"strongroom/pkg/audit/evidence"
)

// pemType is what a public key in PEM is called (RFC 7468, section 13).
const pemType = "PUBLIC KEY"

var errNoSeal = errors.New("nothing is sealed yet: an hour is, ten minutes after it ended")

type verifyFlags struct {
	timeFlags
	keys         []string
	organization string
}

func (m *Main) eventsVerify() *cobra.Command {
	var flags verifyFlags
	c := &cobra.Command{
		Use:   "verify FILE [--key FILE]… [--organization ID] [--from TIME] [--to TIME]",
		Short: "check that exported events are what was sealed", Args: exactly("FILE"),
		Long: "Check, with no connection, that the events which `strongroom events export` wrote are those that were sealed: that\n" +
			"none was removed, altered, inserted or reordered since, that no hour is missing and that each seal is signed and\n" +
			"follows from the one before. What is wrong is listed, with hour and event, and the exit status is 4.\n\n" +
			"--key says which key is to have signed: PEM, or base64 as `aws kms get-public-key` writes it; it may be named several\n" +
			"times, for a key that was replaced. Without it the file's own first key is taken, which shows nothing against somebody\n" +
			"who has sealed anew with a key of their own: compare the fingerprint that is said. --from and --to want the file to hold\n" +
			"these hours: where a file begins and ends, it can't prove itself.\n" + timesInWords + "\n\n" +
			"  strongroom events verify november.jsonl --key seals.pem --from 2026-11-01 --to 2026-12-01\n\n" +
			"What was written in the last seventy minutes before the export may not be covered.",
		RunE: func(_ *cobra.Command, args []string) error { return m.verifyEvents(args[0], flags) },
	}
	flags.add(c)
	c.Flags().StringArrayVar(&flags.keys, "key", nil, "trust the public key in `FILE`, and no other")
	c.Flags().StringVar(&flags.organization, "organization", "", "want the events of the organization with that `ID`")
	return c
}

// trust is what the flags say that is to be believed.
func (f verifyFlags) trust() (evidence.Trust, error) {
	var t evidence.Trust
	for _, name := range f.keys {
		key, err := readKey(name)
		if err != nil {
			return t, err
		}
		t.Keys = append(t.Keys, key)
	}
	if f.organization != "" {
		id, err := uuid.Parse(f.organization)
		if err != nil {
			return t, usage("--organization must be an organization's id")
		}
		t.Organization = id
	}
	times, err := f.times()
	if err != nil {
		return t, err
	}
	if !times.From.IsZero() {
		t.From = audit.HourOf(times.From)
	}
	if !times.To.IsZero() {
		t.To = audit.HourOf(times.To.Add(-time.Nanosecond))
	}
	return t, nil
}

// readKey reads a public key: in PEM, in base64, or as it is.
func readKey(name string) (audit.PublicKey, error) {
	content, err := os.ReadFile(name) //nolint:gosec // the user's
	if err != nil {
		return nil, usage("%w", err)
	}
	key := audit.PublicKey(content)
	if block, _ := pem.Decode(content); block != nil && block.Type == pemType {
		key = block.Bytes
	} else if raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(content))); err == nil {
		key = raw
	}
	if key.Check() != nil {
		return nil, usage("%s is no public key of seals: it must be one of the curve P-256, in PEM, in base64 or in DER", name)
	}
	return key, nil
}

func (m *Main) verifyEvents(name string, flags verifyFlags) error {
	trust, err := flags.trust()
	if err != nil {
		return err
	}
	file, err := os.Open(name) //nolint:gosec // the user's
	if err != nil {
		return usage("%w", err)
	}
	defer file.Close() //nolint:errcheck // only read
	report, err := evidence.Verify(file, trust)
	switch {
	case errors.Is(err, evidence.ErrFormat):
		return usage("%s: %s", name, strings.TrimPrefix(err.Error(), "evidence: "))
	case err != nil:
		return fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "evidence: "))
	}
	if err := m.showReport(report); err != nil {
		return err
	}
	m.sayReport(report)
	if !report.OK() {
		return &exitError{ExitDistrust, fmt.Errorf("%s is not what was sealed: %s", name,
			counted(len(report.Findings)+int(report.More), "finding", "findings"))}
	}
	return nil
}

// A verified is a report as --output json shows it.
type verified struct {
	OK           bool      `json:"ok"`
	Organization uuid.UUID `json:"organization"`
	// From and To are the hours that are covered.
	From      audit.Hour `json:"from,omitempty"`
	To        audit.Hour `json:"to,omitempty"`
	Seals     int64      `json:"seals"`
	Removals  int64      `json:"removals"`
	Events    int64      `json:"events"`
	Uncovered int64      `json:"uncovered"`
	Keys      []string   `json:"keys"`
	KeyGiven  bool       `json:"keyGiven"`
	LastSeal  string     `json:"lastSeal,omitempty"`
	Findings  []finding  `json:"findings"`
	More      int64      `json:"moreFindings,omitempty"`
}

type finding struct {
	Kind    evidence.Kind `json:"kind"`
	Hour    audit.Hour    `json:"hour,omitempty"`
	Through audit.Hour    `json:"through,omitempty"`
	Shard   string        `json:"shard,omitempty"`
	Event   *uuid.UUID    `json:"event,omitempty"`
	Line    int64         `json:"line,omitempty"`
	Detail  string        `json:"detail,omitempty"`
}

func (m *Main) showReport(r *evidence.Report) error {
	if m.wantsJSON(nil) {
		return m.showJSON(shownReport(r))
	}
	for _, f := range r.Findings {
		if _, err := fmt.Fprintln(m.Stdout, visible(f.String())); err != nil {
			return err
		}
	}
	return nil
}

func shownReport(r *evidence.Report) verified {
	v := verified{
		OK: r.OK(), Organization: r.Header.Organization, From: r.First, To: r.Last, Seals: r.Seals, Removals: r.Removals,
		Events: r.Events, Uncovered: r.Uncovered, Keys: []string{}, KeyGiven: r.Given, Findings: []finding{}, More: r.More,
	}
	if r.LastSeal != (audit.Hash{}) {
		v.LastSeal = r.LastSeal.String()
	}
	for _, key := range r.Keys {
		v.Keys = append(v.Keys, key.Fingerprint())
	}
	for _, f := range r.Findings {
		shown := finding{Kind: f.Kind, Hour: f.Hour, Through: f.Through, Shard: f.Shard, Line: f.Line, Detail: f.Detail}
		if f.Event != uuid.Nil {
			shown.Event = &f.Event
		}
		v.Findings = append(v.Findings, shown)
	}
	return v
}

// sayReport says what was looked at, and what the result rests on.
func (m *Main) sayReport(r *evidence.Report) {
	if r.First == "" {
		m.say("no hour of the file is sealed, so nothing is proved")
	} else {
		m.sayf("%s of the organization %s; sealed are %s to %s", counted(int(r.Events), "event", "events"), r.Header.Organization, r.First, r.Last)
	}
	if r.Uncovered > 0 {
		m.sayf("not covered, because their hours have no seal: %s", counted(int(r.Uncovered), "event", "events"))
	}
	if r.First != "" && !r.Whole {
		m.sayf("the file begins in the middle of the record: it says nothing of what came before %s", r.First)
	}
	for _, key := range r.Keys {
		if r.Given {
			m.sayf("signed by %s, as --key says", key.Fingerprint())
		} else {
			m.sayf("signed by %s, which is what the file says: compare it, or name the key with --key", key.Fingerprint())
		}
	}
	if r.More > 0 {
		m.sayf("%d more findings are not listed", r.More)
	}
}
