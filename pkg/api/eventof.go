package api

import (
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/audit"
)

// EventOf is an event as the API and exports show it.
func EventOf(e audit.Event) Event {
	shown := Event{
		ID: e.ID, At: e.At,
		Actor:  EventActor{Kind: string(e.Actor.Kind), ID: known(e.Actor.ID), Name: e.Actor.Name, ARN: e.Actor.ARN},
		Action: e.Action, Decision: string(e.Decision), Reason: e.Reason, Refused: e.Refused, Changed: e.Changed,
		Justification: e.Justification, RotationID: known(e.Rotation), Rotator: e.Rotator, RotationReason: e.RotationReason, SourceIP: e.SourceIP, UserAgent: e.UserAgent, RequestID: e.RequestID,
	}
	if e.Resource.Kind != "" {
		shown.Resource = &EventResource{Kind: string(e.Resource.Kind), ID: e.Resource.ID, Name: e.Resource.Name}
	}
	for _, v := range e.Values {
		shown.Values = append(shown.Values, EventValue{SecretID: v.Secret, Version: v.Version})
	}
	for _, g := range e.Grants {
		grant := EventGrant{PrincipalID: g.Principal}
		if g.Permission != access.None {
			grant.Permission = &g.Permission
		}
		if !g.ExpiresAt.IsZero() {
			grant.ExpiresAt = &g.ExpiresAt
		}
		shown.Grants = append(shown.Grants, grant)
	}
	return shown
}

func known(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
