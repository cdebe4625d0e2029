package secrets

import (
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/envelope"
	"strongroom/pkg/identity"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// A Config is what a Service works with.
type Config struct {
	Table table.Table
	// Within, where not nil, answers the table as an operation has it: for who holds operations to what is declared of them,
	// where IAM does not.
	Within func(operation.Name, table.Table) table.Table
	// Keys wraps and unwraps data keys. Nil in functions that neither seal nor open anything.
	Keys envelope.KeyService
	// Signer signs the seals of events. Nil in functions that seal none.
	Signer envelope.Signer
	// Archive keeps copies of the seals; nil for none.
	Archive Archive
	// Organization is the id of the one organization of this deployment.
	Organization uuid.UUID
	// Account is the AWS account of the deployment; callers from others are refused.
	Account string
	// Bus is where changes are published. Nil in functions that publish nothing.
	Bus Bus
	// ClientKeyARN is told to clients: the KMS key that wraps project keys. The server can't use it.
	ClientKeyARN string
	// Now is the clock; nil is the real one.
	Now func() time.Time
	// ClientNow is the clock of who calls, by which ids are judged that callers make; nil is Now.
	ClientNow func() time.Time
	// Pace is how many times as fast as the machine's own the clock Now runs, for who tries out what takes days; 0 is once. What
	// allows for the seconds that work takes then allows as many times as much.
	Pace int
}

// A Service does the use cases. Its methods may be called at the same time.
type Service struct {
	table        table.Table
	within       func(operation.Name, table.Table) table.Table
	keyring      *envelope.Keyring
	bus          Bus
	signer       envelope.Signer
	archive      Archive
	organization uuid.UUID
	account      string
	clientKeyARN string
	now          func() time.Time
	clientNow    func() time.Time
	pace         int
	hints        *hints
	strangers    strangers
	eventIDs     eventIDs
	cancelled    atomic.Int64
}

// New makes a Service.
func New(c Config) *Service {
	s := &Service{
		table: c.Table, within: c.Within, bus: c.Bus, signer: c.Signer, archive: c.Archive, organization: c.Organization, account: c.Account,
		clientKeyARN: c.ClientKeyARN, now: c.Now, clientNow: c.ClientNow, pace: max(c.Pace, 1),
		hints: newHints(),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.clientNow == nil {
		s.clientNow = s.now
	}
	if c.Keys != nil {
		s.keyring = envelope.NewKeyring(c.Keys, dataKeys{s}, c.Organization, s.now)
	}
	return s
}

// tableOf is the table as the requests and runs of an operation have it.
func (s *Service) tableOf(name operation.Name) reads {
	if s.within == nil {
		return reads{s.table}
	}
	return reads{s.within(name, s.table)}
}

// allowing is that time by the service's clock, or, where it runs fast, as much as five seconds of the machine's: for what is
// to be longer than anything under way takes.
func (s *Service) allowing(d time.Duration) time.Duration {
	return max(d, freshness*time.Duration(s.pace))
}

// Account is the AWS account of the deployment.
func (s *Service) Account() string { return s.account }

// Cancelled counts the transactions so far that were cancelled because another write came first, and were tried again
// or given up.
func (s *Service) Cancelled() int64 { return s.cancelled.Load() }

// A Caller is who asks for something, and what is recorded of the request.
type Caller struct {
	identity.Caller
	RequestID string
	SourceIP  string
	UserAgent string
}
