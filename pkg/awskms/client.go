package awskms

import (
	"net"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// How a client on Lambda behaves: a request has seconds, so that waiting long for a connection or between attempts only
// uses them up.
const (
	attempts    = 3
	maxBackoff  = 200 * time.Millisecond
	dialTimeout = time.Second
)

// Options say where KMS is and as whom to call it.
type Options struct {
	Region      string
	Credentials aws.CredentialsProvider
	// Endpoint is KMS's address where it is not AWS's own, such as http://127.0.0.1:4566; empty otherwise. The SDK's own
	// AWS_ENDPOINT_URL works only through its config package, which would make each function slower to start.
	Endpoint string
}

// NewClient makes a client for use in a Lambda function: standard retries, three attempts, short waits.
func NewClient(o Options) *kms.Client {
	options := kms.Options{
		Region:      o.Region,
		Credentials: o.Credentials,
		HTTPClient: awshttp.NewBuildableClient().WithDialerOptions(func(d *net.Dialer) {
			d.Timeout = dialTimeout
		}),
		Retryer: retry.NewStandard(func(s *retry.StandardOptions) {
			s.MaxAttempts = attempts
			s.MaxBackoff = maxBackoff
		}),
	}
	if o.Endpoint != "" {
		options.BaseEndpoint = aws.String(o.Endpoint)
	}
	return kms.New(options)
}
