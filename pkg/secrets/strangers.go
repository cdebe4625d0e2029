package secrets

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"strongroom/pkg/audit"
	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
)

// How often callers who are bound to nobody are recorded, by each container: an identity once in strangerPause, and so many
// different ones in that time at most. What is left out is only repetition: nothing is answered to them.
const (
	strangerPause = time.Minute
	maxStrangers  = 100
)

// strangers remembers which unbound identities were recorded lately.
type strangers struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

// due says whether the identity is to be recorded now.
func (s *strangers) due(who string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, at := range s.seen {
		if age := now.Sub(at); age < 0 || age >= strangerPause {
			delete(s.seen, other)
		}
	}
	if _, known := s.seen[who]; known || len(s.seen) >= maxStrangers {
		return false
	}
	if s.seen == nil {
		s.seen = map[string]time.Time{}
	}
	s.seen[who] = now
	return true
}

// forget lets the identity be recorded again.
func (s *strangers) forget(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, who)
}

// recordStranger writes the event of a caller who is bound to nobody, unless there were enough of them, and answers the
// refusal. It learns nothing from whether that worked.
func (q *request) recordStranger(ctx context.Context, reason string, refusal error) error {
	who, _, _ := strings.Cut(q.caller.ARN, "/") // what comes after, of kinds that are refused, its bearer may choose
	if len(q.caller.Keys) > 0 {
		who = q.caller.Keys[len(q.caller.Keys)-1] // without the session's name, which whoever assumes a role may choose
	}
	if !q.strangers.due(who, q.now()) {
		return refusal
	}
	e := q.event(audit.Denied, reason, act{})
	if err := q.writeEvent(ctx, eventItem(eventKey(audit.HourOf(e.At), unboundShard, e.ID), e)); err != nil {
		slog.ErrorContext(ctx, "a refused caller could not be recorded", "error", err)
		q.strangers.forget(who)
		return refusal
	}
	metric.Add(ctx, metric.Denied, 1)
	return refusal
}

// Refuse records a caller that no request is served for, since what it is may be bound to nobody (the account's root, say),
// and answers the refusal. by.ARN is whatever the authorizer said.
func (s *Service) Refuse(ctx context.Context, by Caller, name operation.Name, refusal error) error {
	return s.begin(by, name).recordStranger(ctx, refusal.Error(), refusal)
}
