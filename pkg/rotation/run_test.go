package rotation

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
)

var (
	start    = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	first    = uuid.MustParse("0190a1b2-0000-7000-8000-000000000001")
	second   = uuid.MustParse("0190a1b2-0000-7000-8000-000000000002")
	leaseA   = uuid.MustParse("0190a1b2-0000-7000-8000-00000000000a")
	leaseB   = uuid.MustParse("0190a1b2-0000-7000-8000-00000000000b")
	worker   = uuid.MustParse("0190a1b2-0000-7000-8000-00000000000c")
	reader   = uuid.MustParse("0190a1b2-0000-7000-8000-00000000000d")
	schedule = Cause{Kind: api.CauseSchedule}
	request  = Cause{Kind: api.CauseRequest, Because: "asked for"}
	leaver   = Cause{Kind: api.CauseLeaver, Because: "somebody left"}
	leak     = Cause{Kind: api.CauseLeak, Because: "it is on a web page"}
	event    = Cause{Kind: api.CauseEvent, Because: "a rule"}
)

// kept and replaced are configurations in which the old value works on, and in which it does not.
func config(t testing.TB, rotator, settings string) Config {
	t.Helper()
	c, err := ParseConfig(api.PutRotation{Every: "30d", Rotator: rotator, Settings: []byte(settings)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func kept(t testing.TB) Config     { return config(t, "iam-access-key", `{"userName": "app"}`) }
func replaced(t testing.TB) Config { return config(t, "random", `{}`) }

// A scene is a record and its clock.
type scene struct {
	t *testing.T
	*Record
	now time.Time
}

// begun is a record with a run that was asked for at start.
func begun(t *testing.T, c Config) *scene {
	s := &scene{t, &Record{Secret: reader}, start}
	s.Set(c, start)
	if !s.Request(first, request, start) {
		t.Fatal("the run did not begin")
	}
	return s
}

func (s *scene) after(d time.Duration) *scene { s.now = s.now.Add(d); return s }

func (s *scene) claim(lease uuid.UUID) *scene {
	s.t.Helper()
	if err := s.Claim(api.RotationLease{ID: s.Run.ID, Lease: lease}, worker, 7, s.now); err != nil {
		s.t.Fatal(err)
	}
	return s
}

func (s *scene) created() *scene    { s.Created(8, 7); return s }
func (s *scene) finished() *scene   { s.Finished(s.now); return s }
func (s *scene) retry() *scene      { s.Failed("no luck", false, s.now); return s }
func (s *scene) gaveUp() *scene     { s.Failed("no luck", true, s.now); return s }
func (s *scene) discarded() *scene  { s.Discarded("no luck", s.now); return s }
func (s *scene) toRetire() *scene   { s.after(DefaultDeadline).Check(nil, s.now); return s }
func (s *scene) dispatched() *scene { s.Dispatch(second, s.now); return s }

// attempts makes so many attempts fail, each when it may be made.
func (s *scene) attempts(n int) *scene {
	for i := range n {
		s.claim(uuid.NewSHA1(reader, []byte{byte(i)})).retry().after(longBackoff)
	}
	return s
}

func TestABackoffGrowsFourfoldUpToTwoHours(t *testing.T) {
	var got []time.Duration
	for attempts := range int64(MaxAttempts) {
		got = append(got, Backoff(attempts+1))
	}
	want := []time.Duration{time.Minute, 4 * time.Minute, 16 * time.Minute, 64 * time.Minute, 2 * time.Hour, 2 * time.Hour}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
