package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"strongroom/pkg/client/config"
)

// A setting is a config.Setting as --output json shows it.
type setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

func (m *Main) config() *cobra.Command {
	return &cobra.Command{
		Use: "config", Short: "show every setting, and where it comes from",
		Args: none,
		Long: "Show every setting with its value and where that comes from, the files that are looked at, and the folder of what\n" +
			"is remembered. Nothing is sent, and no secret is among them. `strongroom pin` shows what is pinned.\n\n" +
			"A setting is taken from the environment, else from the repository's .strongroom.toml, else from config.toml; from\n" +
			"the files, only from the profile of the name that `profile` has:\n\n" +
			"  profile      STRONGROOM_PROFILE; in files, of config.toml alone\n" +
			"  url          STRONGROOM_URL; a repository's must be one that you know: see strongroom pin --accept\n" +
			"  region       AWS_REGION, AWS_DEFAULT_REGION\n" +
			"  aws_profile  AWS_PROFILE, AWS_DEFAULT_PROFILE; credentials in the environment win over it\n" +
			"  project      STRONGROOM_PROJECT: the one that is meant where none is named\n" +
			"  output       STRONGROOM_OUTPUT: table or json; --output wins\n" +
			"  strict       STRONGROOM_STRICT: 1 or 0; on where anybody turns it on\n\n" +
			"config.toml and pins.toml are in $STRONGROOM_CONFIG_DIR, else $XDG_CONFIG_HOME/strongroom, else\n" +
			"~/.config/strongroom. The repository's file is the nearest in this folder or above, up to the one with .git;\n" +
			"$STRONGROOM_REPOSITORY names another one, or says none. A file looks so:\n\n" +
			"  [profiles.default]\n" +
			"  url = \"https://strongroom.example.com/prod\"\n" +
			"  region = \"eu-central-1\"\n" +
			"  project = \"demo\"",
		RunE: func(*cobra.Command, []string) error {
			settings, err := m.load()
			if err != nil {
				return err
			}
			all := settings.Settings()
			files, err := settings.Files()
			if err != nil {
				return usage("%w", err)
			}
			for _, f := range files {
				state := "not there"
				if f.There {
					state = "read"
				}
				all = append(all, config.Setting{Name: "file", Value: f.Path, Origin: state})
			}
			if settings.StateDir != "" {
				all = append(all, config.Setting{Name: "state", Value: settings.StateDir})
			}
			if _, err := settings.Pins(); err != nil && !errors.Is(err, config.ErrNoURL) {
				m.say(err.Error())
			}
			return m.show(settings, settingListing(all))
		},
	}
}

func settingListing(all []config.Setting) listing {
	shown := []setting{}
	l := listing{header: []string{"NAME", "VALUE", "FROM"}}
	for _, s := range all {
		shown = append(shown, setting{s.Name, s.Value, s.Origin})
		l.rows = append(l.rows, []string{s.Name, s.Value, s.Origin})
	}
	l.data = shown
	return l
}
