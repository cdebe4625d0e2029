package local

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"

	"strongroom/pkg/app/workers"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	"strongroom/pkg/cmd/strongroom/internal/rotator"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/worker"
)

// Rotated are the kinds of rotator that a local server has workers for. Those that take rights in AWS rotate what is there, and
// this is none.
func Rotated() []rotation.Kind {
	var kinds []rotation.Kind
	for _, r := range rotation.Rotators {
		if len(r.Actions) == 0 {
			kinds = append(kinds, r.Kind)
		}
	}
	return kinds
}

// rotate is what does the rotations of that kind; nil where nothing does.
func (s *Server) rotate(kind rotation.Kind) Rotate {
	if s.config.Rotate != nil {
		return func(ctx context.Context, secret, id uuid.UUID) error { return s.config.Rotate(ctx, kind, secret, id) }
	}
	if !slices.Contains(Rotated(), kind) {
		return nil
	}
	return func(ctx context.Context, secret, id uuid.UUID) error {
		c, err := s.worker()
		if err != nil {
			return err
		}
		began := time.Now()
		// Any target: where one process holds both keys, a list in the same place would keep nothing from it.
		targets, err := rotation.ParseTargets("*")
		if err != nil {
			return err
		}
		w := worker.Worker{Kind: kind, Rotator: rotator.Open[kind](aws.Config{}), Server: workers.Server{Client: c}, Targets: targets}
		outcome, err := w.Rotate(ctx, secret, id)
		if err == nil {
			s.config.Log.InfoContext(ctx, "an attempt at a rotation ended", "secret", secret, "rotation", id, "rotator", kind, "outcome", outcome,
				"milliseconds", time.Since(began).Milliseconds())
		}
		return err
	}
}

// worker is a client of the server, over loopback like any other: with an identity of its own, which the server must let in, and
// the client key from the KMS, as far as that gives it.
func (s *Server) worker() (*client.Client, error) {
	credentials, err := Credentials(s.config.Data, Rotation)
	if err != nil {
		return nil, fmt.Errorf("finding the workers' credentials: %w", err)
	}
	s.working.Lock()
	defer s.working.Unlock()
	if s.workers != nil {
		return s.workers, nil
	}
	made, err := client.New(client.Config{
		URL: s.URL(), UserAgent: "strongroom-worker",
		AWS: aws.Config{
			Region: Region, BaseEndpoint: aws.String(s.KMSURL()),
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
		},
		Pins: &config.Memory{Known: config.Pins{Organization: s.organization, ClientKey: s.clientKeyARN}},
	})
	s.workers = made
	return made, err
}
