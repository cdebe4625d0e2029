// Command iam-access-key is the rotation worker of that kind, as a Lambda function.
package main

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/app/workers"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/iamkey"
)

func main() {
	workers.Main(rotation.IAMAccessKey, func(c aws.Config) rotators.Rotator {
		return iamkey.New(iamkey.Options{Config: c, Now: time.Now, Sleep: workers.Sleep})
	})
}
