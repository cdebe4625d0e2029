package localkms

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"strongroom/pkg/localkms/kmstest"
)

func TestConformance(t *testing.T) {
	r := newRig(t)
	kmstest.Run(t, kmstest.Subject{Client: r.as(admin), Key: r.clientKey, SigningKey: r.Signing.ARN(), Alias: ClientAlias, Differences: []kmstest.Difference{
		{
			Why:     "grants count at once, so that nobody needs a token",
			Answers: map[string]string{"CreateGrant again, its token": "the same token"},
		},
	}})
}

// TestConformanceOfMoto holds the suite itself to an implementation of other people's.
func TestConformanceOfMoto(t *testing.T) {
	options := (&rig{url: startMoto(t)}).as(admin).Options()
	options.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { // its connections end now and then; its errors stay
		o.Retryables = []retry.IsErrorRetryable{retry.RetryableConnectionError{}}
	})
	client := kms.New(options)
	made, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err == nil {
		_, err = client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String(ClientAlias), TargetKeyId: made.KeyMetadata.KeyId})
	}
	if err != nil {
		t.Fatal(err)
	}
	signing, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{
		KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeSignVerify,
	})
	if err != nil {
		t.Fatal(err)
	}
	kmstest.Run(t, kmstest.Subject{
		Client: client, Key: *made.KeyMetadata.Arn, SigningKey: *signing.KeyMetadata.Arn, Alias: ClientAlias, Differences: motoDifferences,
	})
}
