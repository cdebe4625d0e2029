package client

import (
	"context"
	"log/slog"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"strongroom/pkg/client/config"
)

// Load makes a client as the command line has one: where Strongroom is and what is pinned come from environment, the
// repository's .strongroom.toml and the user's files (package config says what wins), credentials from where AWS's own
// tools find them. What is pinned on first use is logged by slog's default logger. getenv is os.Getenv.
func Load(ctx context.Context, getenv func(string) string) (*Client, error) {
	settings, err := config.Load(config.Source{Getenv: getenv, Dir: "."})
	if err != nil {
		return nil, &SetupError{err}
	}
	c, err := FromSettings(ctx, settings)
	if err != nil {
		return nil, err
	}
	c.Notice = func(line string) { slog.InfoContext(ctx, line) }
	return New(c)
}

// FromSettings is the Config that loaded settings ask for, for New; its fields may be changed before. Where the user's
// folders can't be written, as in a function, what is pinned on first use and what is seen stay in memory: a program that
// runs there brings its pins along in a repository's file.
func FromSettings(ctx context.Context, settings *config.Config) (Config, error) {
	url, err := settings.URL()
	if err != nil {
		return Config{}, &SetupError{err}
	}
	var options []func(*awsconfig.LoadOptions) error
	if settings.AWSProfile != "" && !settings.ByEnvironment("aws_profile") { // there AWS's own rules hold: keys before profiles
		options = append(options, awsconfig.WithSharedConfigProfile(settings.AWSProfile))
	}
	if settings.Region != "" {
		options = append(options, awsconfig.WithRegion(settings.Region))
	}
	c, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return Config{}, setupf("the AWS configuration can't be used: %w", err)
	}
	if c.Credentials != nil {
		c.Credentials = discreetCredentials{c.Credentials}
	}
	made := Config{URL: url, AWS: c, Pins: settings, Seen: settings.Seen()}
	pins, seen := settings.Writable()
	if !seen {
		made.Seen = NewMemorySeen()
	}
	if !pins {
		known, err := settings.Pins()
		if err != nil {
			return Config{}, &SetupError{err}
		}
		made.Pins = &config.Memory{Known: known, Strict: settings.Strict}
	}
	return made, nil
}
