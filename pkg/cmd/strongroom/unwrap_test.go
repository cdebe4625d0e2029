package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	"github.com/rogpeppe/go-internal/testscript"

	"strongroom/pkg/api"
)

// unwrap asks KMS alone, which knows nothing of Strongroom's lock.
func unwrap(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] unwrap FILE")
	}
	var p api.Project
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &p))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(ts.Getenv("AWS_REGION")), awsconfig.WithSharedConfigFiles([]string{os.DevNull}),
		awsconfig.WithSharedCredentialsFiles([]string{ts.Getenv("AWS_SHARED_CREDENTIALS_FILE")}), awsconfig.WithSharedConfigProfile(ts.Getenv("AWS_PROFILE")))
	ts.Check(err)
	service := kms.NewFromConfig(c, func(o *kms.Options) { o.BaseEndpoint = aws.String(ts.Getenv("AWS_ENDPOINT_URL_KMS")) })
	_, err = service.Decrypt(ctx, &kms.DecryptInput{
		CiphertextBlob: (*p.Keys)[0].Wrapped, EncryptionContext: map[string]string{
			"strongroom:organization": p.OrganizationID.String(), "strongroom:project": p.ID.String(),
		},
	})
	var refused smithy.APIError
	switch {
	case err == nil && neg:
		ts.Fatalf("KMS unwraps the key")
	case err != nil && !neg, err != nil && (!errors.As(err, &refused) || refused.ErrorCode() != "AccessDeniedException"):
		ts.Fatalf("KMS: %v", err)
	}
}
