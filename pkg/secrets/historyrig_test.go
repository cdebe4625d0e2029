package secrets_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/tabletest/faulty"
)

const maxHistorySecrets = 2

// usualFaults leave most operations alone: what fails all the time shows little.
var usualFaults = faulty.Odds{
	faulty.Throttled: .03, faulty.Conflict: .03, faulty.TimedOut: .02, faulty.RequestLost: .03, faulty.AnswerLost: .06,
	faulty.Late: .04, faulty.ReadThrottled: .005, faulty.ReadConflict: .05, faulty.Torn: .5, faulty.Slow: .05,
}

// A timing is what the clocks do in a history.
type timing int

// The timings: values are always new to who reads them, or become old in between, where readers take the short path.
const (
	frozen timing = iota // nobody's clock moves
	moving               // clocks go, each a little wrong
	quiet                // the same, with quiet minutes in which all operations are over
	timings
)

func (t timing) String() string { return [...]string{"frozen", "moving", "quiet"}[t] }

// Clocks differ by three seconds at most.
const maxSkew = 1400 * time.Millisecond

// A historyPlan is all that a history follows from.
type historyPlan struct {
	seed   uint64
	steps  int // of each client
	pause  time.Duration
	faults faulty.Odds
	// wrap, where not nil, stands between the faults and the table: what is to be found out.
	wrap func(table.Table) table.Table
}

// A rig makes one history in a world of its own part.
type rig struct {
	world   *secretstest.World
	plan    historyPlan
	timing  timing
	random  *rand.Rand
	clients []*client
	tables  []*faulty.Table
	// project is where the secrets are; lasting are its grants but for the reader's.
	project, reader uuid.UUID
	lasting         []api.Grant
	ids             [maxHistorySecrets]uuid.UUID
	secrets         int
	begin           state
	clock           atomic.Int64 // counts what happens
	minutes         atomic.Int64 // of quiet

	mu         sync.Mutex
	steps      history
	complaints []string
}

// people are the principals of all histories of a world.
type people map[role]person

type person struct {
	id uuid.UUID
	by secrets.Caller
}

func newPeople(w *secretstest.World) people {
	all := people{owner: {w.OwnerID, w.Owner}}
	for _, r := range []role{manager, writer, reader} {
		id, by := w.User(string(r), access.RoleMember)
		all[r] = person{id, by}
	}
	return all
}

// newRig makes what a history begins with: a project, and in three of four the secrets too.
func newRig(w *secretstest.World, all people, p historyPlan) *rig {
	r := &rig{world: w, plan: p, random: rand.New(rand.NewPCG(p.seed, 1)), reader: all[reader].id} //nolint:gosec // chance that is to come again
	r.timing = timing(p.seed % uint64(timings))
	r.secrets = 1 + r.random.IntN(maxHistorySecrets)
	r.project = w.ServerProject("history " + uuid.NewString())
	w.Grant(r.project, access.Manage, all[manager].id)
	w.Grant(r.project, access.Write, all[writer].id)
	policy, err := w.GetProjectAccess(w.Context(), w.Owner, r.project)
	if err != nil {
		w.Fatal(err)
	}
	r.lasting, r.begin.projectTag = policy.Grants, counter(policy.ETag)
	for i, as := range historyRoles {
		c := &client{rig: r, number: i, role: as, by: all[as].by, random: rand.New(rand.NewPCG(p.seed, uint64(2+i)))} //nolint:gosec // the same
		c.service = r.newService(p.seed*uint64(len(historyRoles))+uint64(i), time.Duration(c.random.Int64N(int64(2*maxSkew)))-maxSkew)
		r.clients = append(r.clients, c)
	}
	for i := range r.ids {
		r.ids[i] = w.NewID()
	}
	return r
}

// newService is the organization as one function's container sees it, whose clock is that much wrong.
func (r *rig) newService(seed uint64, skew time.Duration) *secrets.Service {
	inner := r.world.Table()
	if r.plan.wrap != nil {
		inner = r.plan.wrap(inner)
	}
	t := faulty.New(inner, faulty.Options{Seed: seed, Odds: r.plan.faults, Pause: r.plan.pause})
	r.tables = append(r.tables, t)
	now := func() time.Time { return time.Now().Add(skew + time.Duration(r.minutes.Load())*time.Minute) }
	if r.timing == frozen {
		now = r.world.Clock.Now
	}
	return secrets.New(secrets.Config{
		Table: t, Keys: r.world.Keys, Organization: r.world.Organization, Account: secretstest.Account, Now: now,
	})
}

func (r *rig) firstName(secret int) string { return fmt.Sprintf("S%d-", secret) }

func (r *rig) note(s step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, s)
}

func (r *rig) complain(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complaints = append(r.complaints, fmt.Sprintf(format, args...))
}

// run lets the clients ask, and then looks at what is left.
func (r *rig) run() {
	ctx := r.world.Context()
	if r.random.IntN(4) > 0 {
		for i := range r.secrets {
			r.clients[0].ask(ctx, asked{op: operation.CreateSecret, secret: i, name: r.firstName(i), value: "first0"})
		}
	}
	rounds := 1
	if r.timing == quiet {
		rounds = 3
		r.minutes.Add(1)
	}
	for range rounds {
		sideBySide(len(r.clients), func(n int) {
			for range (r.plan.steps + rounds - 1) / rounds {
				r.clients[n].ask(ctx, r.clients[n].next())
			}
		})
		r.settle()
		r.minutes.Add(1)
	}
	slices.SortFunc(r.steps, func(a, b step) int { return int(a.call - b.call) })
}

// settle waits for all that is still on its way.
func (r *rig) settle() {
	for _, t := range r.tables {
		t.Settle()
	}
}

// look finds out, through a table without faults, what became of everything, and has the owner read it as a part of the
// history.
func (r *rig) look() {
	last := &client{rig: r, number: len(r.clients), role: owner, by: r.world.Owner, service: r.world.Service, random: r.random}
	ctx := r.world.Context()
	last.ask(ctx, asked{op: operation.GetProjectAccess})
	for i := range r.secrets {
		last.ask(ctx, asked{op: operation.GetSecret, secret: i})
		last.ask(ctx, asked{op: operation.GetSecretAccess, secret: i})
		for n := int64(1); n <= last.seen[i].version; n++ {
			last.ask(ctx, asked{op: operation.GetSecretVersion, secret: i, version: n})
		}
	}
	r.checkRevocations()
	r.checkFinal()
}

// injected is how often each fault happened.
func (r *rig) injected() map[faulty.Fault]int {
	all := map[faulty.Fault]int{}
	for _, t := range r.tables {
		for _, f := range faulty.All() {
			all[f] += t.Injected(f)
		}
	}
	return all
}
