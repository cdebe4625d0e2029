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
	// time is what is to be said of the clock, if anything.
	time string
}

// print writes what this server is, and commands to paste, which are indented. What asks for something ends a block.
func (b banner) print(w io.Writer) error {
	call := Quote(b.program)
	env := call + " local env"
	if b.folder != DefaultData {
		env = "STRONGROOM_DATA=" + Quote(b.folder) + " " + env
	}
	clock := ""
	if b.time != "" {
		clock = "\n" + b.time
	}
	_, err := io.WriteString(w, strings.Join([]string{
		"Strongroom on this machine, for trying things. Data, keys and credentials are in " + b.folder + ".",
		"Here one process holds both keys, the clients' too: it is blind to client-encrypted values by",
		"discipline only. On AWS, KMS refuses the server the clients' key." + clock,
		"",
		"To try it, paste into another terminal, here. As a user who may write; the value is asked for:",
		"",
		fmt.Sprintf(`  eval "$(%s developer)"`, env),
		"  " + call + " secret set demo/DATABASE_URL",
		"",
		"It comes back, a child process has it in its environment, and another project gets a copy:",
		"",
		"  " + call + " secret get demo/DATABASE_URL",
		"  " + call + ` run --project demo -- sh -c 'echo "a child has ${#DATABASE_URL} characters of it"'`,
		"  " + call + " secret copy demo/DATABASE_URL payroll/DATABASE_URL",
		"",
		"What the server has of it is a JWE, which it can't open:",
		"",
		b.curl(),
		"",
		"As a service account that may read one project and not the other:",
		"",
		fmt.Sprintf(`  eval "$(%s ci)"`, env),
		"  " + call + " secret get demo/DATABASE_URL",
		"  " + call + " secret get payroll/DATABASE_URL",
		"",
		"As the owner, who shares it: Strongroom's lock is opened, and KMS's.",
		"",
		fmt.Sprintf(`  eval "$(%s owner)"`, env),
		"  " + call + " access grant ci read payroll --for 4h",
		"",
		"A worker, which is a client too, gives it a new value, and every 30 days another:",
		"",
		"  " + call + " rotation set demo/DATABASE_URL --rotator random --every 30d",
		"  " + call + " rotation run demo/DATABASE_URL",
		"",
		"Everything else: " + call + " --help",
		"",
		"The AWS SDKs' KMS, with the clients' key, and EventBridge, are on " + b.kms,
		"strongroom is listening on " + b.url,
		"",
	}, "\n"))
	return err
}

// curl reads a secret as any program can that signs for AWS.
func (b banner) curl() string {
	project := b.project
	if project == "" {
		project = "PROJECT" // of `project list`
	}
	of := func(field string) string {
		return fmt.Sprintf(`$(sed -n '/^\[%s\]/,/^$/s/^%s *= *//p' "$AWS_SHARED_CREDENTIALS_FILE")`, Developer, field)
	}
	return fmt.Sprintf("  curl -sS --aws-sigv4 aws:amz:%s:execute-api \\\n    --user \"%s:%s\" \\\n    \"$STRONGROOM_URL/projects/%s/secret?name=DATABASE_URL\"; echo",
		Region, of("aws_access_key_id"), of("aws_secret_access_key"), project)
}
