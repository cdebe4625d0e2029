package client

import (
	"context"
	"errors"
	"os/exec"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
)

// errProcess stands for what the AWS SDK says of a credential_process's output.
var errProcess = errors.New("what credential_process prints is not what AWS wants of it " +
	"(https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html); it is not shown, since it may hold a key")

// discreetCredentials are another provider's, whose errors hold none of the credentials: the SDK's repeat the output of a
// credential_process that it can't read, with the secret access key that may be in it.
type discreetCredentials struct{ aws.CredentialsProvider }

func (d discreetCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := d.CredentialsProvider.Retrieve(ctx)
	var process *processcreds.ProviderError
	var exit *exec.ExitError // which says the status alone
	if errors.As(err, &process) && !errors.As(err, &exit) {
		return found, errProcess
	}
	return found, err
}
