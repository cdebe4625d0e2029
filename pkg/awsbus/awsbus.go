// Package awsbus publishes notices of changes to an Amazon EventBridge bus.
//
// A notice becomes an entry with the source "strongroom", the notice's kind as its detail type ("Secret Created"), its
// detail as JSON, and the resource as urn:strongroom:<kind>:<id>, so that rules can be written about any of them. Entries go
// ten at a time, which is the most that PutEvents takes
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html); those that EventBridge does not take are
// an error, upon which the caller publishes all of them again: a bus gets each notice at least once.
package awsbus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// Source is the source of all entries.
const Source = operation.BusSource

// maxEntries is how many entries one request takes.
const maxEntries = 10

// A Bus is an EventBridge bus.
type Bus struct {
	client *eventbridge.Client
	name   string
}

var _ secrets.Bus = (*Bus)(nil)

// Open opens a bus by its name; endpoint is empty for AWS's own. It connects to nothing yet.
func Open(region, endpoint string, credentials aws.CredentialsProvider, name string) secrets.Bus {
	options := eventbridge.Options{Region: region, Credentials: credentials}
	if endpoint != "" {
		options.BaseEndpoint = &endpoint
	}
	return &Bus{eventbridge.New(options), name}
}

// Publish sends notices in their order.
func (b *Bus) Publish(ctx context.Context, notices []secrets.Notice) error {
	for chunk := range slices.Chunk(notices, maxEntries) {
		entries := make([]types.PutEventsRequestEntry, len(chunk))
		for i, n := range chunk {
			detail, err := json.Marshal(n.Detail)
			if err != nil {
				return err
			}
			entries[i] = types.PutEventsRequestEntry{
				EventBusName: &b.name, Source: aws.String(Source), DetailType: aws.String(n.Kind), Time: aws.Time(n.At),
				Detail:    aws.String(string(detail)),
				Resources: []string{fmt.Sprintf("urn:strongroom:%s:%s", n.ResourceKind, n.ResourceID)},
			}
		}
		out, err := b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
		if err != nil {
			return fmt.Errorf("publishing to the bus %s: %w", b.name, err)
		}
		if err := refused(out.Entries); err != nil {
			return fmt.Errorf("publishing to the bus %s: %w", b.name, err)
		}
	}
	return nil
}

// refused says which kinds of errors entries met.
func refused(entries []types.PutEventsResultEntry) error {
	var codes []string
	for _, e := range entries {
		if code := aws.ToString(e.ErrorCode); code != "" && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	if codes == nil {
		return nil
	}
	return errors.New("entries were not taken: " + fmt.Sprint(codes))
}
