package cli

import (
	"fmt"
	"strings"

	"strongroom/pkg/cmd/strongroom/internal/local"
)

// statuses says what each exit status means. It is the one place that does: help and manual pages are made from it, and a
// test holds the comments of this package against it.
var statuses = []struct {
	status  Exit
	meaning string
}{
	{ExitOK, "done"},
	{ExitError, "Strongroom, AWS KMS or this machine answered with an error, or a part could not be done"},
	{ExitUsage, "the command line or the configuration is not right; nothing was changed"},
	{ExitNoAnswer, "no answer: it can't be reached, or refused the signature; a change may have been made all the same"},
	{ExitDistrust, "the answer is not believed: altered, for another place, older than seen before, or not what is pinned"},
	{ExitNotExecutable, "the command that run was to start is there and can't be executed, as shells say it"},
	{ExitNotFound, "there is no such command as run was to start, as shells say it"},
	{ExitInterrupted, "SIGINT or SIGTERM stopped long work; what was done is done, and the rest can be"},
}

// variables says what each variable of the environment is for, as statuses does. What AWS's own SDK reads besides, it
// documents itself.
var variables = []struct{ name, meaning string }{
	{"STRONGROOM_URL", "where Strongroom is: https://HOST/STAGE"},
	{"STRONGROOM_PROFILE", "which profile of the configuration files is used"},
	{"STRONGROOM_PROJECT", "the project that is meant where none is named"},
	{"STRONGROOM_OUTPUT", "how lists are printed: table or json"},
	{"STRONGROOM_STRICT", "1: pin nothing on first use, but refuse what is not pinned"},
	{"STRONGROOM_ORGANIZATION", "the pinned organization's id, where there are no files"},
	{"STRONGROOM_CLIENT_KEY", "the pinned client key's ARN, where there are no files"},
	{"STRONGROOM_CONFIG_DIR", "the folder of configuration, pins and state, in place of those of XDG"},
	{"STRONGROOM_REPOSITORY", "the repository's file, in place of the nearest .strongroom.toml; or none"},
	{"STRONGROOM_DATA", "the local server's folder (" + local.DefaultData + ")"},
	{"STRONGROOM_ADDR", "where the local server listens, on loopback only (" + local.DefaultAddr + ")"},
	{"STRONGROOM_KMS_ADDR", "where the local server's KMS listens (" + local.DefaultKMSAddr + ")"},
	{"XDG_CONFIG_HOME", "the folder of configuration and pins is strongroom in it (~/.config)"},
	{"XDG_STATE_HOME", "the folder of what was seen is strongroom in it (~/.local/state)"},
	{"XDG_RUNTIME_DIR", "the folder in memory where secret edit has the value meanwhile (/dev/shm)"},
	{"VISUAL", "the editor of secret edit, with arguments if it has any"},
	{"EDITOR", "the same, where VISUAL is not set (vi)"},
	{"AWS_PROFILE", "whose credentials sign requests; all that AWS's SDK takes will do"},
	{"AWS_REGION", "the region that Strongroom is in"},
	{"NO_COLOR", "set: no colours"},
}

// indented is how help and manual set off what is to be typed, or read in columns.
const indented = "  "

// statusTable is statuses, in lines.
func statusTable() string {
	var b strings.Builder
	for _, s := range statuses {
		fmt.Fprintf(&b, indented+"%-3d  %s\n", s.status, s.meaning)
	}
	return b.String()
}

// variableTable is variables, in lines.
func variableTable() string {
	width := 0
	for _, v := range variables {
		width = max(width, len(v.name))
	}
	var b strings.Builder
	for _, v := range variables {
		fmt.Fprintf(&b, indented+"%-*s  %s\n", width, v.name, v.meaning)
	}
	return b.String()
}
