package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (m *Main) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "say which version this is", Args: none,
		Long: "Say which version of Strongroom this is, and what it was built with and for.\n\n  strongroom version",
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(m.Stdout, versionLine())
			return err
		},
	}
}

func versionLine() string {
	return fmt.Sprintf("strongroom %s (%s, %s/%s)", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// buildVersion is what the Go tool noted: the module's version, or the commit that it was built from.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version, revision, modified := info.Main.Version, "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = " with changes"
		}
	}
	if version != "" && version != "(devel)" {
		return version
	}
	if revision != "" {
		return "at commit " + revision + modified
	}
	return "(development build)"
}
