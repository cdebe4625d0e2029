// Command random is the rotation worker of that kind, as a Lambda function.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/app/workers"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/random"
)

func main() {
	workers.Main(rotation.Random, func(aws.Config) rotators.Rotator { return random.New() })
}
