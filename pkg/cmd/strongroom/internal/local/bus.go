package local

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/app"
	"strongroom/pkg/cmd/strongroom/internal/bus"
	"strongroom/pkg/gateway"
	"strongroom/pkg/identity"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/sigv4"
)

// busName is what Strongroom's bus is called here, beside AWS's own.
const busName = "strongroom"

// How the queues are consumed. What a message is about is a minute's work, and may take as long as a Lambda function.
const (
	atATime     = 4
	visibility  = 15 * time.Minute
	pause       = 15 * time.Second
	maxReceives = 5
	// What events start is a function of a minute at most, tried twice more as Lambda does
	// (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html).
	eventsAtATime   = 4
	eventVisibility = 2 * app.EventTimeout
	eventReceives   = 3
)

// notable are the kinds of notice that are logged so that they are seen; the others are for who looks closer.
var notable = []string{"Break Glass", "Principal Disabled", "Principal Deleted", "Rotation Failed"}

// A publisher is the bus as use cases know it: what they publish is logged, and put.
type publisher struct{ server *Server }

// Publish puts notices in their order.
func (p publisher) Publish(ctx context.Context, notices []secrets.Notice) error {
	for _, n := range notices {
		level := slog.LevelDebug
		if slices.Contains(notable, n.Kind) {
			level = slog.LevelInfo
		}
		p.server.config.Log.Log(ctx, level, n.Kind, "resourceKind", n.ResourceKind, "resourceId", n.ResourceID, "eventId", n.EventID)
		detail, err := json.Marshal(n.Detail)
		if err != nil {
			return err
		}
		if err := p.server.bus.Put(bus.Event{
			Version: "0", ID: uuid.NewString(), DetailType: n.Kind, Source: operation.BusSource, AccountID: Account, Region: Region, Time: n.At.UTC(), Detail: detail,
			Resources: []string{fmt.Sprintf("urn:strongroom:%s:%s", n.ResourceKind, n.ResourceID)},
		}); err != nil {
			return err
		}
	}
	return nil
}

// newBus makes the bus with a queue for each kind of rotator.
func (s *Server) newBus() error {
	var rules []bus.Rule
	for _, kind := range rotation.Kinds() {
		if s.rotate(kind) == nil {
			continue
		}
		q, err := bus.NewQueue(s.queue(string(kind), atATime, s.consumeDue(kind)))
		if err != nil {
			return err
		}
		rules = append(rules, bus.Rule{Queue: q, Wants: func(from, what string, field func(string) string) bool {
			return from == operation.BusSource && what == rotation.NoticeDue && field("rotator") == string(kind)
		}})
	}
	functions, err := s.eventRules()
	s.bus = bus.New(append(rules, functions...)...)
	return err
}

// eventRules are those of the operations that events start: each has a queue that keeps its events in the data folder, since what
// an event tells of, somebody's departure say, is told once.
func (s *Server) eventRules() ([]bus.Rule, error) {
	var rules []bus.Rule
	for _, name := range slices.Sorted(maps.Keys(events)) {
		trigger, ok := operation.MustLookup(name).Trigger.(operation.Event)
		if !ok {
			panic(fmt.Sprintf("local: %s is not started by events", name))
		}
		function := app.EventFunction(name, events[name](s.service), s.settings())
		c := s.queue(string(name), eventsAtATime, func(ctx context.Context, message []byte) error {
			_, err := function.Invoke(ctx, message)
			return err
		})
		c.Folder, c.Receives, c.Visibility = filepath.Join(s.config.Data, busFolder, string(name)), eventReceives, eventVisibility
		q, err := bus.NewQueue(c)
		if err != nil {
			return nil, err
		}
		rules = append(rules, bus.Rule{Queue: q, Wants: trigger.Wants})
	}
	return rules, nil
}

// queue is a queue in memory: a worker that does not come is asked for again.
func (s *Server) queue(name string, concurrency int, consume func(context.Context, []byte) error) bus.QueueConfig {
	return bus.QueueConfig{
		Name: name, Consume: consume, Concurrency: concurrency, Visibility: visibility, Pause: pause, Receives: maxReceives,
		Redeliver: s.config.Redeliver, Log: s.config.Log,
	}
}

// A Rotate does what is to be done about a rotation of a secret.
type Rotate = func(ctx context.Context, secret, rotation uuid.UUID) error

// consumeDue hands what a message asks for to who rotates.
func (s *Server) consumeDue(kind rotation.Kind) func(context.Context, []byte) error {
	rotate := s.rotate(kind)
	return func(ctx context.Context, message []byte) error {
		var e bus.Event
		var due secrets.Detail
		err := json.Unmarshal(message, &e)
		if err == nil {
			err = json.Unmarshal(e.Detail, &due)
		}
		if err == nil && (due.ResourceID == uuid.Nil || due.RotationID == nil) {
			err = fmt.Errorf("it names no secret or no rotation")
		}
		if err != nil {
			return fmt.Errorf("not an event that asks for a worker: %w", err)
		}
		return rotate(ctx, due.ResourceID, *due.RotationID)
	}
}

// newEndpoint makes the EventBridge of the clients, where the owner may put events.
func (s *Server) newEndpoint(identities *gateway.Identities) *bus.Endpoint {
	c := bus.EndpointConfig{
		Put: s.bus.Put, Buses: []string{"default", busName}, Account: Account, Region: Region, Log: s.config.Log,
		Callers: func(accessKeyID string) (bus.Caller, bool) {
			i, ok := identities.Lookup(accessKeyID)
			return bus.Caller{
				Key: sigv4.Key{ID: i.AccessKeyID, Secret: i.SecretAccessKey, SessionToken: i.SessionToken}, ARN: i.ARN,
				MayPut: ok && administers(i.ARN),
			}, ok
		},
	}
	if s.config.Clock != nil {
		c.Now = s.config.Clock.Now
	}
	return bus.NewEndpoint(c)
}

// administers says whether a caller has the owner's role in the account.
func administers(arn string) bool {
	of, err := identity.Names(arn)
	role, wrong := identity.Names(profileNamed(Owner).bind)
	return err == nil && wrong == nil && slices.Contains(of, role[0])
}

// amazon is the door of the AWS SDKs: EventBridge for what names its operation, and else KMS.
func (s *Server) amazon(eventBridge http.Handler) http.Handler {
	service, _, _ := strings.Cut(bus.Target, ".")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("X-Amz-Target"), service+".") {
			eventBridge.ServeHTTP(w, r)
			return
		}
		s.kms.ServeHTTP(w, r)
	})
}
