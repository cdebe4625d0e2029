// Command http is the rotation worker of that kind, as a Lambda function.
package main

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/app/workers"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/webhook"
)

func main() {
	workers.Main(rotation.HTTP, func(aws.Config) rotators.Rotator { return webhook.New(webhook.Options{Now: time.Now}) })
}
