package awskms

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/envelope"
)

// Open connects to the key of that ARN: what functions pass to app.WithKeys. endpoint is empty for AWS's own.
func Open(region, endpoint string, credentials aws.CredentialsProvider, keyARN string) envelope.KeyService {
	return New(NewClient(Options{Region: region, Endpoint: endpoint, Credentials: credentials}), keyARN)
}
