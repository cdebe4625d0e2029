package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/audit/evidence"
)

type eventExportFlags struct {
	timeFlags
	file  string
	force bool
}

func (m *Main) eventsExport() *cobra.Command {
	var flags eventExportFlags
	c := &cobra.Command{
		Use: "export [--from TIME] [--to TIME] [--file FILE [--force]]", Short: "write events with their seals into a file", Args: none,
		Long: "Write events with their seals, to standard output or into a file that only you can read: JSON, an object a line, in\n" +
			"which every event is readable and, besides, as it was stored and sealed. It takes the role owner, admin or auditor.\n" +
			timesInWords + "\n\n" +
			"  strongroom events export --from 2026-11-01 --to 2026-12-01 --file november.jsonl\n" +
			"  strongroom events verify november.jsonl\n\n" +
			"The file has no values and no notes, but names, and who did what from where. --file writes the whole file or\n" +
			"nothing; one that is there is only replaced with --force.",
		RunE: func(c *cobra.Command, _ []string) error { return m.exportEvents(c.Context(), flags) },
	}
	flags.add(c)
	c.Flags().StringVar(&flags.file, "file", "", "write to `FILE`, which only you can read")
	c.Flags().BoolVar(&flags.force, "force", false, "replace the file that is there")
	return c
}

func (m *Main) exportEvents(ctx context.Context, flags eventExportFlags) error {
	times, err := flags.times()
	if err != nil {
		return err
	}
	place := exportFlags{file: flags.file, force: flags.force, format: formatJSON}
	if err := place.check(); err != nil {
		return err
	}
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	organization, err := s.Organization(ctx)
	if err != nil {
		return err
	}
	e := eventExport{m: m, organization: organization}
	if flags.file == "" {
		return e.write(s.ExportEvents(ctx, times), m.Stdout)
	}
	err = writeWhole(place, func(w io.Writer) error { return e.write(s.ExportEvents(ctx, times), w) })
	if err == nil {
		m.sayf("%s of %s are in %s; `%s` checks them", counted(e.events, "event", "events"), e.hours(), flags.file,
			pasted("events", "verify", flags.file))
	}
	return err
}

// An eventExport is a file that is being written.
type eventExport struct {
	m            *Main
	organization api.Organization
	from, to     audit.Hour
	events       int
}

func (e *eventExport) hours() string {
	if e.from == e.to {
		return string(e.from)
	}
	return fmt.Sprintf("%s to %s", e.from, e.to)
}

// write writes all pages.
func (e *eventExport) write(pages func(yield func(api.EventExport, error) bool), w io.Writer) error {
	var file *evidence.Writer
	var bar progress
	defer func() { bar.stop() }()
	for page, err := range pages {
		if err != nil {
			return err
		}
		if file == nil {
			e.from, e.to = audit.Hour(page.From), audit.Hour(page.To)
			if e.to.Start().Before(e.from.Start()) {
				return fmt.Errorf("there was no record then: it begins with the hour %s", e.from)
			}
			bar = e.m.progress(int(e.to.Next().Start().Sub(e.from.Start())/time.Hour), "hours")
			file, err = evidence.NewWriter(w, evidence.Header{
				Organization: e.organization.ID, From: e.from, To: e.to, ExportedAt: time.Now(),
			})
			if err != nil {
				return err
			}
		}
		for _, part := range page.Data {
			if err := file.Part(part); err != nil {
				return err
			}
			switch {
			case part.Event != nil:
				e.events++
			case part.Seal != nil:
				bar.step()
			}
		}
	}
	return file.Close()
}

// writeWhole writes a file of mode 0600, whole or not at all, however large it is.
func writeWhole(place exportFlags, write func(io.Writer) error) error {
	temporary, err := os.CreateTemp(filepath.Dir(place.file), "."+filepath.Base(place.file)+".*")
	if err != nil {
		return fmt.Errorf("%s can't be written: %w", place.file, err)
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // gone already where it was renamed
	if err := write(temporary); err != nil {
		return errors.Join(err, temporary.Close())
	}
	err = errors.Join(temporary.Sync(), temporary.Close())
	if err == nil && place.force {
		err = os.Rename(temporary.Name(), place.file)
	} else if err == nil {
		err = os.Link(temporary.Name(), place.file)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return place.taken()
	case err != nil:
		return fmt.Errorf("%s can't be written: %w", place.file, err)
	}
	return nil
}
