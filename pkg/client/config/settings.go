package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"unicode"
)

// Output is how commands print what they answer.
type Output string

// The kinds of output.
const (
	OutputTable Output = "table"
	OutputJSON  Output = "json"
)

// A Setting is one line of what is configured.
type Setting struct {
	Name, Value string
	// Origin says where the value comes from: "environment STRONGROOM_URL", "/home/me/.config/strongroom/config.toml:3",
	// "default", or, where there is no value, "not set".
	Origin string
}

const (
	byDefault = "default"
	notSet    = "not set"
)

// A field is a setting that a profile may have.
type field struct {
	name string
	// variables are those of the environment that say it, the first that is set wins.
	variables []string
	// normal checks a value and answers its normal form. The error is the rest of a sentence that begins with the name.
	normal func(string) (string, error)
	// fallback is the value where nobody says one.
	fallback string
}

var settings = []field{
	{name: "url", variables: []string{"STRONGROOM_URL"}, normal: NormalURL},
	{name: "region", variables: []string{"AWS_REGION", "AWS_DEFAULT_REGION"}, normal: normalRegion},
	{name: "aws_profile", variables: []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}, normal: normalAWSProfile},
	{name: "project", variables: []string{"STRONGROOM_PROJECT"}, normal: normalName},
	{name: "output", variables: []string{"STRONGROOM_OUTPUT"}, normal: normalOutput, fallback: string(OutputTable)},
	{name: "strict", variables: []string{"STRONGROOM_STRICT"}, normal: normalFlag, fallback: "false"},
}

// credentialVariables bring an identity of their own, which AWS's clients would pass over for that of a profile they are
// told by a program.
var credentialVariables = []string{
	"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
}

// from is the environment's word on a field; the origin is empty where it has none.
func (f field) from(getenv func(string) string) (setting, error) {
	for _, variable := range f.variables {
		text := getenv(variable)
		if text == "" {
			continue
		}
		value, err := f.normal(text)
		if err != nil {
			return setting{}, fmt.Errorf("%s %w", variable, err)
		}
		return setting{value, environment(variable)}, nil
	}
	if f.name == "aws_profile" {
		for _, variable := range credentialVariables {
			if getenv(variable) != "" {
				return setting{"", environment(variable)}, nil
			}
		}
	}
	return setting{}, nil
}

func environment(variable string) string { return "environment " + variable }

// settle decides who wins: the first that says something, but for strict, which the first wins who says true.
func (f field) settle(said ...setting) setting {
	won := setting{f.fallback, byDefault}
	if f.fallback == "" {
		won.origin = notSet
	}
	for _, s := range said {
		switch {
		case s.origin == "":
		case f.name != "strict" || s.value == "true":
			return s
		case won.origin == byDefault:
			won = s // the first who says false, which is so as long as nobody says true
		}
	}
	return won
}

var regionForm = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

func normalRegion(text string) (string, error) {
	if !regionForm.MatchString(text) {
		return "", errors.New("must be an AWS region, as in eu-central-1")
	}
	return text, nil
}

func normalAWSProfile(text string) (string, error) {
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return "", errors.New("must be the name of an AWS profile, without control characters")
		}
	}
	if text == "" || len(text) > maxName {
		return "", fmt.Errorf("must be the name of an AWS profile, of 1 to %d bytes", maxName)
	}
	return text, nil
}

func normalOutput(text string) (string, error) {
	switch o := Output(text); o {
	case OutputTable, OutputJSON:
		return text, nil
	default:
		return "", fmt.Errorf("must be table or json, not %.64q", text)
	}
}

func normalFlag(text string) (string, error) {
	switch text {
	case "1", "true":
		return strconv.FormatBool(true), nil
	case "0", "false":
		return strconv.FormatBool(false), nil
	}
	return "", fmt.Errorf("must be 1 or 0, true or false, not %.64q", text)
}

// defaultProfile is used where nobody chooses one; it need not be there.
const defaultProfile = "default"

// settle decides each setting.
func (c *Config) settle(getenv func(string) string, user, repository *document) error {
	which := field{name: "profile", variables: []string{"STRONGROOM_PROFILE"}, normal: normalName, fallback: defaultProfile}
	said, err := which.from(getenv)
	if err != nil {
		return err
	}
	profile := which.settle(said, user.profile)
	_, known := user.profiles[profile.value]
	_, knownThere := repository.profiles[profile.value]
	if !known && !knownThere && profile.origin != byDefault {
		return fmt.Errorf("%s chooses the profile %q, but no file has [profiles.%q]", profile.origin, profile.value, profile.value)
	}
	c.set("profile", profile)
	for _, f := range settings {
		said, err := f.from(getenv)
		if err != nil {
			return err
		}
		there := repository.profiles[profile.value][f.name]
		won := f.settle(said, there, user.profiles[profile.value][f.name])
		c.set(f.name, won)
		if f.name == "url" {
			c.foreign = there.origin != "" && won == there
		}
	}
	return nil
}

func (c *Config) set(name string, s setting) {
	c.settings = append(c.settings, Setting{name, s.value, s.origin})
	switch name {
	case "profile":
		c.Profile = s.value
	case "url":
		c.url = s
	case "region":
		c.Region = s.value
	case "aws_profile":
		c.AWSProfile = s.value
	case "project":
		c.Project = s.value
	case "output":
		c.Output = Output(s.value)
	case "strict":
		c.Strict = s.value == "true"
	}
}
