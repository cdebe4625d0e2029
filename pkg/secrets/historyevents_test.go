package secrets_test

import (
	"fmt"
	"slices"
	"time"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// recorded are events by the request that they tell of.
type recorded map[string][]audit.Event

// request is the id of the request of the step that began then.
func (r *rig) request(call int64) string { return fmt.Sprintf("%d.%d", r.plan.seed, call) }

// recordedSince are all events of the world's hours, from the one that its clock shows.
func recordedSince(w *secretstest.World) recorded {
	all := recorded{}
	for _, at := range []time.Time{w.Clock.Now().Add(-time.Hour), w.Clock.Now(), w.Clock.Now().Add(time.Hour)} {
		for shard := range 8 {
			all.add(w, table.Query{PK: fmt.Sprintf("EVENT#%s#%d", audit.HourOf(at), shard)})
		}
	}
	return all
}

// add adds the events that a query finds.
func (all recorded) add(w *secretstest.World, q table.Query) {
	for {
		found, err := w.Table().Query(w.Context(), q)
		if err != nil {
			w.Fatal(err)
		}
		for _, item := range found.Items {
			e, err := audit.Decode(item.Attributes["e"].([]byte))
			if err != nil {
				w.Fatal(err)
			}
			all[e.RequestID] = append(all[e.RequestID], e)
		}
		if q.After = found.Next; q.After.IsZero() {
			return
		}
	}
}

// checkEvents: what was answered was recorded, once; and what changed has its event beside it, once.
func (r *rig) checkEvents(all recorded) {
	for _, s := range r.steps {
		r.checkRecorded(s, all[r.request(s.call)])
	}
	for i := range r.secrets {
		item, _, err := r.world.Table().Get(r.world.Context(), secretItem(r.ids[i]))
		r.must(err)
		tag, _ := item.Attributes["tag"].(int64)
		accessTag, _ := item.Attributes["accessTag"].(int64)
		version, _ := item.Attributes["version"].(int64)
		made := r.checkChanges(secretItem(r.ids[i]).PK, tag+accessTag, all)
		for n := range version {
			if made[audit.Value{Secret: r.ids[i], Version: n + 1}] != 1 {
				r.complain("secret %d: %d events tell of the making of version %d", i, made[audit.Value{Secret: r.ids[i], Version: n + 1}], n+1)
			}
		}
	}
	item, _, err := r.world.Table().Get(r.world.Context(), table.Key{PK: "PROJECT#" + r.project.String(), SK: "PROJECT"})
	r.must(err)
	accessTag, _ := item.Attributes["accessTag"].(int64)
	r.checkChanges(item.Key.PK, accessTag-r.begin.projectTag, all)
}

// checkRecorded looks at the events of one step.
func (r *rig) checkRecorded(s step, events []audit.Event) {
	allowed := slices.DeleteFunc(slices.Clone(events), func(e audit.Event) bool { return e.Decision != audit.Allowed })
	least, most := 0, 1
	switch {
	case s.showsValue():
		least = 1
	case s.code != "" && !s.unknown():
		most = 0
	}
	if len(allowed) < least || len(allowed) > most {
		r.complain("step %d: %s -> %s is recorded by %d events", s.call, s.asked, s.answered, len(allowed))
		return
	}
	if s.showsValue() && !slices.Contains(allowed[0].Values, audit.Value{Secret: r.ids[s.secret], Version: s.answered.version}) {
		r.complain("step %d: %s -> %s is recorded as an answer of %v", s.call, s.asked, s.answered, allowed[0].Values)
	}
	if s.op == operation.GetSecret && s.by == reader && s.code == api.CodeNotFound && len(events) == 0 {
		r.complain("step %d: the refusal is not recorded", s.call)
	}
}

// checkChanges looks at the events beside what was changed: as many as there were changes, none of a request that was
// refused, no two of one. It answers how many tell that a version was made.
func (r *rig) checkChanges(pk string, changes int64, all recorded) map[audit.Value]int {
	beside := recorded{}
	beside.add(r.world, table.Query{PK: pk, Prefix: "EVENT#"})
	made, n := map[audit.Value]int{}, int64(0)
	for _, s := range r.steps {
		events := beside[r.request(s.call)]
		n += int64(len(events))
		if len(events) > 1 || len(events) > 0 && s.code != "" && !s.unknown() {
			r.complain("step %d: %s -> %s changed something %d times", s.call, s.asked, s.answered, len(events))
		}
		for _, e := range events {
			if !slices.ContainsFunc(all[e.RequestID], func(other audit.Event) bool { return other.ID == e.ID }) {
				r.complain("step %d: the event beside the change is not among those of the hour", s.call)
			}
			if slices.Contains(e.Changed, "value") || slices.Contains(e.Changed, "created") {
				made[e.Values[0]]++
			}
		}
		if s.created && len(events) != 1 && pk == "SECRET#"+r.ids[s.secret].String() {
			r.complain("step %d: the creation is not recorded", s.call)
		}
	}
	if n != changes {
		r.complain("%s: %d events tell of %d changes", pk, n, changes)
	}
	return made
}
