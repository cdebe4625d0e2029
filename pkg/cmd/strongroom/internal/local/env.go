package local

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Exports are the lines for a POSIX shell to evaluate, after which its commands sign as a profile and go to the server
// of the folder, and the AWS SDKs in them to its KMS and its EventBridge. An unknown profile is an error that names the known ones. getenv
// reads the environment that the lines are for: what there would have them do otherwise is unset.
func Exports(folder, addr, profile string, getenv func(string) string) (string, error) {
	known, err := Profiles(folder)
	if err != nil {
		return "", err
	}
	if !slices.Contains(known, profile) {
		return "", fmt.Errorf("no profile is called %q; there are %s (`strongroom local add-identity` makes more)",
			profile, strings.Join(known, ", "))
	}
	folder, err = filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, name := range inTheWay {
		if getenv(name) != "" {
			fmt.Fprintf(&b, "unset %s\n", name)
		}
	}
	for _, pair := range [][2]string{
		{"STRONGROOM_URL", apiDoor.url(folder, addr)},
		{"AWS_PROFILE", profile},
		{"STRONGROOM_CONFIG_DIR", filepath.Join(folder, clientFolder)}, // another folder is another organization, at the same URL
		{"STRONGROOM_REPOSITORY", "none"},                              // its file is about another one
		{"AWS_SHARED_CREDENTIALS_FILE", filepath.Join(folder, credentialsFile)},
		{"AWS_CONFIG_FILE", os.DevNull}, // a profile of the same name there could send the SDKs to AWS
		{"AWS_REGION", Region},
		{"AWS_DEFAULT_REGION", Region}, // botocore, and with it the first AWS CLI, knows this one alone
		{"AWS_ENDPOINT_URL_KMS", kmsDoor.url(folder, getenv(kmsDoor.variable))},
		{"AWS_ENDPOINT_URL_EVENTBRIDGE", kmsDoor.url(folder, getenv(kmsDoor.variable))},
	} {
		fmt.Fprintf(&b, "export %s=%s\n", pair[0], Quote(pair[1]))
	}
	return b.String(), nil
}

// inTheWay are variables that would have the program, or the AWS SDKs, do something else than the exports say.
var inTheWay = []string{
	// Credentials that are used before any profile, and the name that botocore takes before AWS_PROFILE.
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_DEFAULT_PROFILE",
	// The endpoint would be passed over, or can't be had with these.
	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
	// What is configured, and pinned, of the Strongroom that the user works with.
	"STRONGROOM_PROFILE", "STRONGROOM_PROJECT", "STRONGROOM_OUTPUT", "STRONGROOM_STRICT", "STRONGROOM_ORGANIZATION", "STRONGROOM_CLIENT_KEY",
}

// Quote writes a word for a POSIX shell.
func Quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:@%+=,", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
