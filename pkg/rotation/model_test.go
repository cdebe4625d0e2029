package rotation

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"strongroom/pkg/api"
)

// A model drives a record as its secret, its dispatcher, its readers and two workers would, and knows independently of it what must
// hold.
type model struct {
	Record
	now              time.Time
	current, pending int64
	newest           int64
	// leases are the workers' own beliefs: the lease that each claimed last, and for which run.
	leases [2]api.RotationLease
	// holder is the worker whose claim was taken last, and until is when that ends; nobody is -1.
	holder int
	until  time.Time
	// taken is when that worker's attempt began.
	taken time.Time
	// came is since when no look has found anybody missing; zero for not.
	came time.Time
	// owed says that another run is to begin: somebody left when this one's value was made or may have been.
	owed bool
	// promoted counts the versions that became current, by run.
	promoted map[uuid.UUID]int
	seen     Run
	ids      int
}

func newModel(t *rapid.T, c Config) *model {
	m := &model{now: start, current: 7, newest: 7, holder: -1, promoted: map[uuid.UUID]int{}}
	c.Readers = Readers{
		Within:   DefaultWithin,
		Deadline: rapid.SampledFrom([]time.Duration{0, time.Second, DefaultDeadline}).Draw(t, "deadline"),
		Grace:    rapid.SampledFrom([]time.Duration{0, DefaultGrace, MaxGrace}).Draw(t, "grace"),
	}
	m.Secret = reader
	m.Set(c, m.now)
	return m
}

// newID is one that the model has not had before.
func (m *model) newID() uuid.UUID {
	m.ids++
	return uuid.NewSHA1(reader, []byte{byte(m.ids >> 8), byte(m.ids)})
}

// check is what must hold after everything that happens.
func (m *model) check(t *rapid.T) {
	was, is := m.seen, m.Run
	m.seen = is
	if is.ID != was.ID {
		if was.Active() {
			t.Fatalf("run %s began while %s was %s", is.ID, was.ID, was.State)
		}
		if was.Unretired() {
			t.Fatalf("run %s began, and what %s replaced works still", is.ID, was.ID)
		}
		m.owed, m.came = false, time.Time{}
	}
	if is.Attempts > MaxAttempts {
		t.Fatalf("attempt %d", is.Attempts)
	}
	if (is.Active() || is.Unretired()) && m.Due().IsZero() {
		t.Fatalf("the dispatcher does not come back for %+v", is)
	}
	if is.State == api.RotationWaiting && is.CheckAt.After(is.RetireBy) {
		t.Fatalf("looks after the deadline: %+v", is)
	}
	if is.State == api.RotationRunning != (is.Lease.ID != uuid.Nil) {
		t.Fatalf("%s with the lease %v", is.State, is.Lease)
	}
	for id, n := range m.promoted {
		if n > 1 {
			t.Fatalf("run %s made %d versions current", id, n)
		}
	}
}

func (m *model) pass(t *rapid.T) {
	m.now = m.now.Add(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, LeaseTime, AskAgain, time.Hour, NobodyCame, 8 * day, 40 * day}).Draw(t, "passes"))
}

// ask is a request by whoever: it may say that somebody left.
func (m *model) ask(t *rapid.T) {
	cause := rapid.SampledFrom([]Cause{schedule, request, leaver, leak, event}).Draw(t, "cause")
	made := m.Run.Unretired() || m.Run.Active() && (m.Run.Version != 0 || m.Run.State != api.RotationDue && cause != request)
	m.Request(m.newID(), cause, m.now)
	if made && cause != schedule {
		m.owed = true
	}
	if cause.urgent() && m.Run.State == api.RotationWaiting && m.Run.RetireBy.After(m.now) {
		t.Fatal("what leaked is kept until", m.Run.RetireBy)
	}
}

// dispatch does what is due, until nothing is.
func (m *model) dispatch(t *rapid.T, missing []uuid.UUID) {
	for range 4 {
		due := m.Due()
		if due.IsZero() || due.After(m.now) {
			return
		}
		if m.Run.State == api.RotationWaiting {
			m.look(t, missing)
		} else if m.Dispatch(m.newID(), m.now); m.Run.State != api.RotationRunning {
			m.holder = -1
		}
		m.check(t)
	}
	t.Fatalf("something is due in the past again and again: %+v", m.Run)
}

func (m *model) look(t *rapid.T, missing []uuid.UUID) {
	switch {
	case len(missing) > 0:
		m.came = time.Time{}
	case m.came.IsZero():
		m.came = m.now
	}
	by := m.Run.RetireBy
	if ask := m.Check(missing, m.now); ask {
		all := !m.came.IsZero() && !m.now.Before(m.came.Add(m.Config.Readers.Grace))
		if !all && m.now.Before(by) {
			t.Fatalf("retires at %s: all came at %s, the deadline is %s", m.now, m.came, by)
		}
	}
}

func (m *model) claim(t *rapid.T, w int) {
	lease := api.RotationLease{ID: m.Run.ID, Lease: m.newID()}
	before := m.Run
	if m.Claim(lease, worker, m.current, m.now) != nil {
		return
	}
	if m.holder >= 0 && m.now.Before(m.until) {
		t.Fatalf("worker %d took what worker %d holds until %s", w, m.holder, m.until)
	}
	if before.State != api.RotationDue && before.State != api.RotationRunning {
		t.Fatalf("worker %d took a run that was %s", w, before.State)
	}
	m.leases[w], m.holder, m.until, m.taken = lease, w, m.now.Add(LeaseTime), m.now
}

func (m *model) renew(t *rapid.T, w int) {
	has := m.Run.Lease.ID == m.leases[w].Lease
	if m.leases[w].Lease == uuid.Nil || m.Run.State != api.RotationRunning || m.Claim(m.leases[w], worker, m.current, m.now) != nil {
		return
	}
	if m.holder != w && m.holder >= 0 && m.now.Before(m.until) {
		t.Fatalf("worker %d renewed what worker %d has", w, m.holder)
	}
	if !has { // it is an attempt of its own
		m.taken = m.now
	}
	if !m.now.Before(m.taken.Add(MaxAttempt)) {
		t.Fatalf("worker %d renewed what it has had since %s", w, m.taken)
	}
	m.holder, m.until = w, m.now.Add(LeaseTime)
	m.At(rapid.SampledFrom([]api.RotationStep{api.StepCreate, api.StepSet, api.StepTest, api.StepFinish, api.StepRetire}).Draw(t, "step"))
}

// write is what a worker writes, whatever it believes; it counts only where package secrets would let it.
func (m *model) write(t *rapid.T, w int, what string) {
	if m.Held(m.leases[w]) != nil {
		return
	}
	if m.holder != w {
		t.Fatalf("worker %d wrote; worker %d has the run", w, m.holder)
	}
	retiring := m.Run.Step == api.StepRetire
	switch what {
	case "create":
		if retiring {
			return
		}
		m.newest++
		m.pending = m.newest
		m.Created(m.pending, m.current)
		return
	case "promote":
		if retiring || m.Run.Version == 0 {
			return
		}
		if m.Run.Version != m.pending {
			t.Fatalf("the run has version %d, the secret %d", m.Run.Version, m.pending)
		}
		m.current, m.pending = m.pending, 0
		m.promoted[m.Run.ID]++
		cause := m.Run.Cause.Kind
		m.Finished(m.now)
		if every := m.Config.Schedule.Every; cause == api.CauseSchedule && every > 0 && !m.NextAt.Equal(m.now.Add(every)) {
			t.Fatalf("with every %s, the next one comes after %s", every, m.NextAt.Sub(m.now))
		}
	case "retire":
		if !retiring {
			return
		}
		m.Settled("", m.now)
	case "retry":
		m.Failed("no luck", false, m.now)
	case "give up":
		m.Failed("no luck", true, m.now)
	case "discard":
		if !retiring {
			m.pending = 0
		}
		m.Discarded("no luck", m.now)
	}
	m.holder = -1
}

// end has a fair dispatcher, and one kind of worker, go on until the run is over and nothing is owed.
func (m *model) end(t *rapid.T) {
	kind := rapid.SampledFrom([]string{"works", "fails", "gives up", "dies", "never comes"}).Draw(t, "worker")
	for range 500 {
		if !m.Run.Active() && (!m.owed || m.Run.Unretired() && kind != "works") {
			return
		}
		if due := m.Due(); due.After(m.now) {
			m.now = due
		}
		m.dispatch(t, nil)
		if m.Run.State != api.RotationDue || kind == "never comes" {
			continue
		}
		m.claim(t, 0)
		switch kind {
		case "works":
			if m.Run.Step == api.StepRetire {
				m.write(t, 0, "retire")
			} else {
				m.write(t, 0, "create")
				m.write(t, 0, "promote")
			}
		case "fails":
			m.write(t, 0, "retry")
		case "gives up":
			m.write(t, 0, "discard")
		}
		m.check(t)
	}
	t.Fatalf("with a worker that %s, the run does not end: %+v, another is owed: %t", kind, m.Run, m.owed)
}

func TestWhateverHappensARunEndsAndNobodyWritesWithoutTheLease(t *testing.T) {
	configs := []Config{kept(t), replaced(t)}
	configs[0].Schedule.Window = 7 * day
	configs[1].Schedule = Schedule{}
	states, ran := map[api.RotationState]int{}, 0
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t, rapid.SampledFrom(configs).Draw(t, "config"))
		missing := rapid.SliceOfN(rapid.Just(reader), 0, 2)
		writes := []string{"create", "promote", "promote", "retire", "retry", "give up", "discard"}
		for range rapid.IntRange(100, 600).Draw(t, "events") {
			w := rapid.IntRange(0, 1).Draw(t, "who")
			switch rapid.IntRange(0, 12).Draw(t, "what") {
			case 0:
				m.ask(t)
			case 1, 2:
				m.pass(t)
			case 3:
				m.dispatch(t, missing.Draw(t, "missing"))
			case 4:
				m.claim(t, w)
			case 5:
				m.renew(t, w)
			case 6:
				m.Set(m.Config, m.now)
			default:
				m.write(t, w, rapid.SampledFrom(writes).Draw(t, "writes"))
			}
			m.check(t)
			states[m.Run.State]++
		}
		m.end(t)
		ran++
	})
	for _, state := range []api.RotationState{"", api.RotationDue, api.RotationRunning, api.RotationWaiting, api.RotationDone, api.RotationFailed} {
		if states[state] == 0 {
			t.Errorf("in %d runs nothing found it %q", ran, state)
		}
	}
	if ran < 20 {
		t.Errorf("only %d runs", ran)
	}
}
