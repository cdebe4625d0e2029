// Package rotator has the rotators of all kinds, for the commands that rotate or try settings from where they run ([Open]). In AWS
// each kind has a worker of its own, which links its own rotator alone: functions/workers/*.
package rotator

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/app/workers"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/awslambda"
	"strongroom/pkg/rotation/rotators/iamkey"
	"strongroom/pkg/rotation/rotators/mysql"
	"strongroom/pkg/rotation/rotators/postgresql"
	"strongroom/pkg/rotation/rotators/random"
	"strongroom/pkg/rotation/rotators/webhook"
)

// Open makes the rotator of a kind, which asks AWS with that configuration where it asks AWS. It connects to nothing yet. Services of
// this machine are asked without TLS too.
var Open = map[rotation.Kind]workers.Open{
	rotation.PostgreSQL: func(aws.Config) rotators.Rotator { return postgresql.New() },
	rotation.MySQL:      func(aws.Config) rotators.Rotator { return mysql.New() },
	rotation.Random:     func(aws.Config) rotators.Rotator { return random.New() },
	rotation.HTTP:       func(aws.Config) rotators.Rotator { return webhook.New(webhook.Options{Now: time.Now, Loopback: true}) },
	rotation.IAMAccessKey: func(c aws.Config) rotators.Rotator {
		return iamkey.New(iamkey.Options{Config: c, Now: time.Now, Sleep: workers.Sleep})
	},
	rotation.Lambda: func(c aws.Config) rotators.Rotator { return awslambda.New(c) },
}
