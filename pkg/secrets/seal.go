package secrets

import (
	"context"
	"errors"
	"fmt"
	"time"

	"strongroom/pkg/audit"
	"strongroom/pkg/audit/evidence"
	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// A SealReport says what a run of SealEvents did.
type SealReport struct {
	// Sealed is how many hours were sealed, and Events how many events they have. Through is the last hour that is sealed.
	Sealed  int        `json:"sealed"`
	Events  int64      `json:"events"`
	Through audit.Hour `json:"through,omitempty"`
	// Restored is how many of them had lost the seal that the archive has: somebody took it out of the table.
	Restored int `json:"restored,omitempty"`
	// Removed is how many hours were removed, because they were older than events are kept.
	Removed int `json:"removed"`
	// Unfinished says that the time was too short; the next run goes on.
	Unfinished bool `json:"unfinished,omitempty"`
}

// sealTime is how much of its time a run leaves, so that it ends between two hours and not within one.
const sealTime = 20 * time.Second

// SealEvents seals every hour that ended ten minutes ago or earlier and is not sealed yet, in their order, from the hour in
// which the organization was made; then it removes what is older than events are kept. It may run several times at once,
// and be stopped anywhere: a seal is put once, and only after all of its index; what follows it names it as it is stored. It
// ends with the context's time, and the next run goes on.
//
// An hour that the archive has a seal of is never sealed anew: otherwise whoever can write the table could take out seals,
// change the events and have them sealed again. It gets the archived seal back.
func (s *Service) SealEvents(ctx context.Context) (SealReport, error) {
	q := s.begin(Caller{}, operation.SealEvents)
	q.system = true
	z := &sealer{request: q}
	defer func() { z.measure(ctx) }()
	if err := z.begin(ctx); err != nil || z.next == "" {
		return z.report, err
	}
	if err := z.seal(ctx); err != nil {
		return z.report, err
	}
	return z.report, z.retain(ctx)
}

// measure counts what the run came to, whether it failed or not.
func (z *sealer) measure(ctx context.Context) {
	metric.Add(ctx, metric.SealedHours, float64(z.report.Sealed))
	if through := z.report.Through; through != "" {
		metric.Add(ctx, metric.SealAgeSeconds, z.now().Sub(through.Next().Start()).Seconds())
	}
}

// A sealer is a run of SealEvents.
type sealer struct {
	*request
	public audit.PublicKey
	// next is the hour to be sealed now, last the statement of the one before; nil before the first.
	next   audit.Hour
	last   *audit.Statement
	days   int
	report SealReport
}

// begin finds where the chain ends. There is nothing to seal before there is an organization.
func (z *sealer) begin(ctx context.Context) error {
	item, found, err := z.table.Get(ctx, organizationKey(z.organization))
	if err != nil || !found {
		return err
	}
	var rec organizationRecord
	if err := fromItem(item, &rec); err != nil {
		return err
	}
	z.next, z.days = audit.HourOf(rec.CreatedAt), int(rec.eventRetention()/day)
	if z.public, err = z.signer.PublicKey(ctx); err != nil {
		return unavailable(err)
	}
	if err := z.public.Check(); err != nil {
		return fmt.Errorf("the key %s can't seal: %w", z.signer.ARN(), err)
	}
	page, err := z.table.Query(ctx, table.Query{PK: sealPK, Limit: 1, Descending: true})
	if err != nil || len(page.Items) == 0 {
		return err
	}
	return z.follow(ctx, page.Items[0])
}

// follow goes on behind a seal that is stored, and sees to it that it is archived: who put it may have been stopped then.
func (z *sealer) follow(ctx context.Context, item table.Item) error {
	statement, err := statementOf(item)
	if err != nil {
		return err
	}
	hour := audit.Hour(item.Key.SK)
	archived, err := z.inArchive(ctx, sealName(hour), evidence.ReadSealLine)
	if err != nil {
		return err
	}
	if archived != nil && !archived.Is(statement) {
		return fmt.Errorf("item %s / %s is not the seal that the archive has of that hour", item.Key.PK, item.Key.SK)
	}
	if err := z.check(statement, hour, archived != nil); err != nil {
		return fmt.Errorf("item %s / %s is not a seal of ours: %w", item.Key.PK, item.Key.SK, err)
	}
	if archived == nil {
		if err := z.keep(ctx, sealName(hour), evidence.SealLine(statement)); err != nil {
			return err
		}
	}
	z.last, z.next, z.report.Through = &statement, hour.Next(), hour
	return nil
}

// check says what is wrong with an hour's seal, before anything is built on it or it is archived for good: whoever can write
// the table can put anything there.
func (z *sealer) check(statement audit.Statement, hour audit.Hour, archived bool) error {
	seal, err := statement.Seal()
	switch {
	case err != nil:
		return err
	case seal.Hour != hour:
		return fmt.Errorf("it is the seal of %s, not of %s", seal.Hour, hour)
	case seal.Organization != z.organization:
		return fmt.Errorf("it is of the organization %s, not of %s", seal.Organization, z.organization)
	case hour.Next().Start().After(z.now()):
		return fmt.Errorf("the hour %s is not over", hour)
	}
	return z.checkSignature(statement, seal.PublicKey, archived)
}

// checkSignature says whether a statement was signed by this deployment. What is archived was checked when it was, and so may
// be signed by a key that was replaced since, which it names; what is not must be signed by the present key.
func (z *sealer) checkSignature(statement audit.Statement, by audit.PublicKey, archived bool) error {
	if z.public.Verify(statement) || archived && by.Verify(statement) {
		return nil
	}
	return fmt.Errorf("the key %s did not sign it, and the archive does not have it", z.signer.ARN())
}

// sealName is what the archive has an hour's seal under.
func sealName(hour audit.Hour) string { return archivedSeal + string(hour) + ".json" }

// keep archives what was signed.
func (z *sealer) keep(ctx context.Context, name string, line []byte) error {
	if z.archive == nil {
		return nil
	}
	return unavailable(z.archive.Put(ctx, name, line))
}

// archived is the seal that an hour gets back from the archive; nil for none.
func (z *sealer) archived(ctx context.Context, hour audit.Hour) (*audit.Statement, error) {
	statement, err := z.inArchive(ctx, sealName(hour), evidence.ReadSealLine)
	if err != nil || statement == nil {
		return nil, err
	}
	if err := z.check(*statement, hour, true); err != nil {
		return nil, fmt.Errorf("%s of the archive is not a seal of ours: %w", sealName(hour), err)
	}
	z.report.Restored++
	return statement, nil
}

// inArchive is the statement that the archive has under a name; nil for none.
func (z *sealer) inArchive(ctx context.Context, name string, read func(line []byte) (audit.Statement, error)) (
	*audit.Statement, error,
) {
	if z.archive == nil {
		return nil, nil //nolint:nilnil // there is no archive, so there is nothing in it
	}
	line, found, err := z.archive.Get(ctx, name)
	if err != nil || !found {
		return nil, unavailable(err)
	}
	statement, err := read(line)
	if err != nil {
		return nil, fmt.Errorf("reading %s of the archive: %w", name, err)
	}
	return &statement, nil
}

// seal seals hour by hour.
func (z *sealer) seal(ctx context.Context) error {
	for !z.next.Next().Start().Add(z.allowing(audit.SealAfter)).After(z.now()) {
		if z.late(ctx) {
			return nil
		}
		if err := z.sealHour(ctx, z.next); err != nil {
			return fmt.Errorf("sealing %s: %w", z.next, err)
		}
	}
	return nil
}

// late says that the run's time is nearly over, and notes it.
func (z *sealer) late(ctx context.Context) bool {
	end, limited := ctx.Deadline()
	z.report.Unfinished = limited && time.Until(end) < sealTime
	return z.report.Unfinished
}

func (z *sealer) sealHour(ctx context.Context, hour audit.Hour) error {
	statement, err := z.archived(ctx, hour)
	if err == nil && statement == nil {
		statement, err = z.newSeal(ctx, hour)
	}
	if err != nil {
		return err
	}
	item := statementItem(sealKey(hour), *statement)
	ours, err := z.putOnce(ctx, item)
	if err != nil {
		return err
	}
	if ours {
		z.report.Sealed++
		return z.follow(ctx, item)
	}
	item, found, err := z.table.Get(ctx, sealKey(hour)) // another run's, which was first and counts
	if err != nil || !found {
		return errors.Join(err, errors.New("another seal was put and is gone"))
	}
	return z.follow(ctx, item)
}

// newSeal reads an hour and signs what it holds.
func (z *sealer) newSeal(ctx context.Context, hour audit.Hour) (*audit.Statement, error) {
	shards, err := z.readHour(ctx, hour)
	if err != nil {
		return nil, err
	}
	seal := audit.Seal{
		Organization: z.organization, Hour: hour, SealedAt: z.now(), Shards: shards, KeyARN: z.signer.ARN(), PublicKey: z.public,
	}
	if z.last != nil {
		hash := z.last.Hash()
		seal.Previous = &hash
	}
	z.report.Events += seal.Events()
	statement, err := z.sign(ctx, seal.Encode())
	return &statement, err
}

// sign makes a statement of its body.
func (z *sealer) sign(ctx context.Context, body []byte) (audit.Statement, error) {
	s := audit.Statement{Body: body}
	signature, err := z.signer.Sign(ctx, s.Hash())
	if err != nil {
		return s, unavailable(err)
	}
	s.Signature = signature
	if !z.public.Verify(s) {
		return s, fmt.Errorf("the key %s made a signature that does not verify", z.signer.ARN())
	}
	return s, nil
}

// putOnce puts an item unless there is one under its key, and says whether it did.
func (z *sealer) putOnce(ctx context.Context, item table.Item) (bool, error) {
	err := z.table.Transact(ctx, table.Transaction{Writes: []table.Write{table.Put(item, table.IfAbsent())}})
	var unmet *table.ConditionError
	if errors.As(err, &unmet) {
		return false, nil
	}
	return err == nil, unavailable(err)
}

// A statementRecord is a seal or a removal as it was signed.
type statementRecord struct {
	header
	Body      []byte `table:"b"`
	Signature []byte `table:"s"`
}

func statementItem(key table.Key, s audit.Statement) table.Item {
	return toItem(key, 0, &statementRecord{Body: s.Body, Signature: s.Signature})
}

func statementOf(item table.Item) (audit.Statement, error) {
	var rec statementRecord
	err := fromItem(item, &rec)
	return audit.Statement{Body: rec.Body, Signature: rec.Signature}, err
}
