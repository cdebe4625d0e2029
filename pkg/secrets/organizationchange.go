package secrets

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

const day = 24 * time.Hour

// settings are the organization's, what nobody set by default.
func (rec *organizationRecord) settings() api.Settings {
	return api.Settings{
		MembersCreateProjects: rec.MembersCreateProjects,
		EventRetentionDays:    int64(rec.eventRetention() / day),
		TrashRetentionDays:    int64(rec.trashRetention() / day),
		RotateOnLeave:         cmp.Or(rec.RotateOnLeave, api.RotateOnLeaveNone),
	}
}

// eventRetention is for how long events are kept.
func (rec *organizationRecord) eventRetention() time.Duration {
	return days(rec.EventRetentionDays, api.DefaultEventRetentionDays)
}

// trashRetention is for how long what was deleted can be restored.
func (rec *organizationRecord) trashRetention() time.Duration {
	return days(rec.TrashRetentionDays, api.DefaultTrashRetentionDays)
}

// days is a number of days that was set, or else the standard one.
func days(set, standard int64) time.Duration {
	if set == 0 {
		set = standard
	}
	return time.Duration(set) * day
}

// UpdateOrganization changes the organization's name or settings.
func (s *Service) UpdateOrganization(
	ctx context.Context, by Caller, id uuid.UUID, match IfMatch, in api.UpdateOrganization,
) (answer api.Organization, err error) {
	q := s.begin(by, operation.UpdateOrganization)
	if err := q.checkOrganization(ctx, id); err != nil {
		return answer, err
	}
	if err := checkUpdateOrganization(in); err != nil {
		return answer, err
	}
	err = q.change(ctx, func(ctx context.Context, _ lost) (p plan, err error) {
		seen, err := q.look(ctx, organizationKey(q.organization))
		if err != nil {
			return p, err
		}
		if err := q.decideOn(ctx, seen.who, access.ChangeOrganization); err != nil {
			return p, err
		}
		rec, err := q.organizationIn(seen.items)
		if err != nil {
			return p, err
		}
		a := rec.update(in)
		defer func() { answer = q.showOrganization(rec) }()
		if len(a.changed) == 0 {
			return p, nil
		}
		if err := match.check(rec.Tag); err != nil {
			return p, err
		}
		a.on = aboutOrganization(q.organization, rec.Name)
		return q.planOrganization(&rec, &a), nil
	})
	return answer, err
}

// planOrganization says what is to be written to make the organization what rec says, under the revision that it was
// read at. Changes of owners write the same item, under the same revision (planOwners).
func (q *request) planOrganization(rec *organizationRecord, a *act) plan {
	read := rec.revision
	rec.changed(q, q.now())
	rec.revision = table.NextRevision(read, q.Service.now())
	p := plan{act: a}
	p.put(toItem(organizationKey(q.organization), rec.revision, rec), table.IfRevision(read))
	return p
}

func checkUpdateOrganization(in api.UpdateOrganization) error {
	var wrong problems
	if in.Name != nil {
		wrong.name("name", *in.Name, maxName)
	}
	if s := in.Settings; s != nil {
		wrong.days("settings.eventRetentionDays", s.EventRetentionDays, api.MinEventRetentionDays, api.MaxEventRetentionDays)
		wrong.days("settings.trashRetentionDays", s.TrashRetentionDays, api.MinTrashRetentionDays, api.MaxTrashRetentionDays)
		if to := s.RotateOnLeave; to != nil && !slices.Contains(api.RotateOnLeaves(), *to) {
			wrong.add("settings.rotateOnLeave", "must be none, read or reachable")
		}
	}
	return wrong.err()
}

// days checks a number of days, where there is one.
func (p *problems) days(field string, days *int64, least, most int64) {
	if days != nil && (*days < least || *days > most) {
		p.add(field, "is %d; it must be from %d to %d days", *days, least, most)
	}
}

// update makes the record what the request asks for, and says what of it differed.
func (rec *organizationRecord) update(in api.UpdateOrganization) (a act) {
	if in.Name != nil && *in.Name != rec.Name {
		a.note(true, "name")
		rec.Name = *in.Name
	}
	if in.Settings == nil {
		return a
	}
	now := rec.settings()
	if to := in.Settings.MembersCreateProjects; to != nil && *to != now.MembersCreateProjects {
		a.note(true, fmt.Sprintf("membersCreateProjects: %t", *to))
		rec.MembersCreateProjects = *to
	}
	if to := in.Settings.EventRetentionDays; to != nil && *to != now.EventRetentionDays {
		a.note(true, fmt.Sprintf("eventRetentionDays: %d, was %d", *to, now.EventRetentionDays))
		rec.EventRetentionDays = *to
	}
	if to := in.Settings.TrashRetentionDays; to != nil && *to != now.TrashRetentionDays {
		a.note(true, fmt.Sprintf("trashRetentionDays: %d, was %d", *to, now.TrashRetentionDays))
		rec.TrashRetentionDays = *to
	}
	if to := in.Settings.RotateOnLeave; to != nil && *to != now.RotateOnLeave {
		a.note(true, fmt.Sprintf("rotateOnLeave: %s, was %s", *to, now.RotateOnLeave))
		rec.RotateOnLeave = *to
	}
	return a
}
