// Package workers is where the Lambda function of a rotation worker is put together: environment, client, rotator. The folders
// under functions/workers hold one call of [Main] each.
//
// A worker is a client of Strongroom's, not a part of the server: it links the SDK and its own rotator, and none of the server's
// packages. SQS hands it messages, which it makes attempts for (package rotation/worker), and it answers which are to come again.
//
// # Environment
//
//	STRONGROOM_URL            where Strongroom is
//	STRONGROOM_ORGANIZATION   the organization's id, pinned
//	STRONGROOM_CLIENT_KEY     the ARN of the client key, pinned: the server does not say which it is
//	STRONGROOM_STRICT         1 to take no project's name, id and encryption from the server either: then those of all secrets
//	                          that are rotated stand in a file .strongroom.toml beside the program ("strongroom pin --file")
//	STRONGROOM_TARGETS        what may be told values that clients encrypt, with commas between: host, host:port, *.example.com,
//	                          the ARN of a Lambda function, or * for all (rotation.ParseTargets); empty for nothing
//	AWS_REGION and credentials
//	                          as AWS's own configuration finds them; on Lambda they are there
//
// All else that package client/config knows counts too. What is missing is named in one message, and the process ends with it.
//
// Without STRONGROOM_STRICT, a project is pinned when its first secret is rotated, for as long as the process lives, and that is
// logged: a server that somebody has taken over could then say, of a project that it encrypts its values itself, and be told new
// values that a worker makes. Which rotations there are, by what rotator and with which target is the server's word in any case,
// and that a target takes the current value proves nothing, since it may be one of whoever lies: what keeps a value that clients
// encrypt from such a target is STRONGROOM_TARGETS alone. Package rotation/worker says what remains.
//
// # Log
//
// JSON lines on standard error: one for each attempt, with the secret's and the rotation's ids and the outcome, and one for each
// message that is to come again. No line holds a value.
package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/worker"
)

// An Open makes a rotator, of those that ask AWS with its configuration.
type Open func(aws.Config) rotators.Rotator

// Main serves rotations of a kind on Lambda; it does not return.
func Main(kind rotation.Kind, open Open) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	w, err := New(context.Background(), os.Getenv, kind, open)
	if err != nil {
		slog.Error("the worker can't start", "error", err.Error())
		os.Exit(1)
	}
	lambda.StartWithOptions(w.Handle)
}

// Sleep waits, unless the context ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// New makes a worker from what the environment says. It asks nobody anything yet.
func New(ctx context.Context, getenv func(string) string, kind rotation.Kind, open Open) (*worker.Worker, error) {
	var missing []error
	for _, name := range []string{"STRONGROOM_URL", "STRONGROOM_ORGANIZATION", "STRONGROOM_CLIENT_KEY", "AWS_REGION"} {
		if getenv(name) == "" {
			missing = append(missing, fmt.Errorf("%s is not set", name))
		}
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	targets, err := rotation.ParseTargets(getenv("STRONGROOM_TARGETS"))
	if err != nil {
		return nil, fmt.Errorf("STRONGROOM_TARGETS: %w", err)
	}
	settings, err := config.Load(config.Source{Getenv: getenv, Dir: "."})
	if err != nil {
		return nil, err
	}
	c, err := client.FromSettings(ctx, settings)
	if err != nil {
		return nil, err
	}
	c.UserAgent = "strongroom-worker/" + string(kind)
	c.Notice = func(line string) { slog.Info(line) }
	made, err := client.New(c)
	if err != nil {
		return nil, err
	}
	return &worker.Worker{Kind: kind, Rotator: open(c.AWS), Server: Server{Client: made}, Targets: targets}, nil
}
