package app

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/uuid"
)

// An environment is what a function is told by its process's environment.
type environment struct {
	table           string
	organization    uuid.UUID
	account         string
	api             string
	clientKey       string
	storageKey      string
	bus             string
	signingKey      string
	archive         string
	region          string
	tableEndpoint   string
	keyEndpoint     string
	busEndpoint     string
	archiveEndpoint string
	credentials     aws.CredentialsProvider
	metrics         bool
}

// readEnvironment reads and checks all variables that those options need; its error names each that is wrong, and repeats no value.
func readEnvironment(get func(string) string, o options) (environment, error) {
	var problems []error
	need := func(name string) string {
		value := get(name)
		if value == "" {
			problems = append(problems, fmt.Errorf("%s is not set", name))
		}
		return value
	}
	e := environment{
		table:           need("STRONGROOM_TABLE"),
		account:         need("STRONGROOM_ACCOUNT"),
		clientKey:       need("STRONGROOM_CLIENT_KEY"),
		region:          need("AWS_REGION"),
		api:             get("STRONGROOM_API"),
		tableEndpoint:   cmp.Or(get("AWS_ENDPOINT_URL_DYNAMODB"), get("AWS_ENDPOINT_URL")),
		keyEndpoint:     cmp.Or(get("AWS_ENDPOINT_URL_KMS"), get("AWS_ENDPOINT_URL")),
		busEndpoint:     cmp.Or(get("AWS_ENDPOINT_URL_EVENTBRIDGE"), get("AWS_ENDPOINT_URL")),
		archiveEndpoint: cmp.Or(get("AWS_ENDPOINT_URL_S3"), get("AWS_ENDPOINT_URL")),
	}
	if o.openKeys != nil {
		e.storageKey = need("STRONGROOM_STORAGE_KEY")
	}
	if o.openBus != nil {
		e.bus = need("STRONGROOM_BUS")
	}
	if o.openSigner != nil {
		e.signingKey = need("STRONGROOM_SIGNING_KEY")
	}
	if o.openArchive != nil {
		e.archive = need("STRONGROOM_ARCHIVE")
	}
	if id := need("STRONGROOM_ORGANIZATION"); id != "" {
		var err error
		if e.organization, err = uuid.Parse(id); err != nil || e.organization.String() != id {
			problems = append(problems, errors.New("STRONGROOM_ORGANIZATION is not a lower-case UUID"))
		}
	}
	if e.account != "" && !isAccount(e.account) {
		problems = append(problems, errors.New("STRONGROOM_ACCOUNT is not twelve digits"))
	}
	switch get("STRONGROOM_METRICS") {
	case "", "on":
		e.metrics = true
	case "off":
	default:
		problems = append(problems, errors.New("STRONGROOM_METRICS is neither on nor off"))
	}
	e.credentials = credentials.NewStaticCredentialsProvider(
		need("AWS_ACCESS_KEY_ID"), need("AWS_SECRET_ACCESS_KEY"), get("AWS_SESSION_TOKEN"))
	return e, errors.Join(problems...)
}

func isAccount(text string) bool {
	return len(text) == 12 && strings.Trim(text, "0123456789") == ""
}
