package local

import (
	"fmt"
	"io"
	"strings"
)

// A banner is what the server says when it begins.
type banner struct {
	program, folder, url, kms string
	// project is the id of the project to try things in; empty where it is gone.
	project string
}

// print writes what this server is, and commands to paste.
func (b banner) print(w io.Writer) error {
	call := Quote(b.program)
	env := call + " local env"
	if b.folder != DefaultData {
		env = "STRONGROOM_DATA=" + Quote(b.folder) + " " + env
	}
	project := b.project
	if project == "" {
		project = "PROJECT" // of `call list-projects`
	}
	read := fmt.Sprintf("%s call get-secret-by-name --param projectId=%s --param name=DATABASE_URL", call, project)
	_, err := io.WriteString(w, strings.Join([]string{
		"Strongroom on this machine, for trying things. Data, keys and credentials are in " + b.folder + ".",
		"Here one process holds both keys, the clients' too: it is blind to client-encrypted values by",
		"discipline only. On AWS, KMS refuses the server the clients' key.",
		"",
		"To try it, paste into another terminal, here. As a user who may write:",
		"",
		fmt.Sprintf(`eval "$(%s developer)"`, env),
		call + " whoami",
		fmt.Sprintf(`echo '{"name": "DATABASE_URL", "value": "postgres://app:not-a-real-one@db.example/app", "projectIds": ["%s"]}' |`, project),
		"  " + call + " call create-secret --body -",
		"",
		"As a service account that may read:",
		"",
		fmt.Sprintf(`eval "$(%s ci)"`, env),
		read,
		"",
		"As somebody whom nobody let in, and who is refused:",
		"",
		fmt.Sprintf(`eval "$(%s stranger)"`, env),
		read,
		"",
		"Everything else: " + call + " call --help",
		"",
		"The AWS SDKs' KMS, with the clients' key, is on " + b.kms,
		"strongroom is listening on " + b.url,
		"",
	}, "\n"))
	return err
}
