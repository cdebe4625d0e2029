package rotation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

func TestSchedulesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ every, window, want string }{
		{"30", "", `every must be a whole number and one of the units w, d, h, m and s, as in "30d" or "12h"`},
		{"d", "", `every must be a whole number and one of the units w, d, h, m and s, as in "30d" or "12h"`},
		{"1.5d", "", `every must be a whole number and one of the units w, d, h, m and s, as in "30d" or "12h"`},
		{"-1d", "", `every must be a whole number and one of the units w, d, h, m and s, as in "30d" or "12h"`},
		{"2147483647w", "", `every must be a whole number and one of the units w, d, h, m and s, as in "30d" or "12h"`},
		{"30y", "", `every must be a whole number and one of the units w, d, h, m and s, as in "30d" or "12h"`},
		{"@daily", "", `every must be a whole number and one of the units w, d, h, m and s, as in "30d" or "12h"`},
		{"59m", "", `every is "59m"; it must be from 1h to 1095d`},
		{"1096d", "", `every is "1096d"; it must be from 1h to 1095d`},
		{"0 3 * *", "", `every is no cron expression of five fields; write minute, hour, day of the month, month and day of the week, as in "0 3 1 * *"`},
		{"0 0 3 1 * *", "", `every is no cron expression of five fields; write minute, hour, day of the month, month and day of the week, as in "0 3 1 * *"`},
		{"60 3 1 * *", "", `every is no cron expression of five fields; write minute, hour, day of the month, month and day of the week, as in "0 3 1 * *"`},
		{"CRON_TZ=Asia/Tokyo 0 3 1 * *", "", `every is no cron expression of five fields; write minute, hour, day of the month, month and day of the week, as in "0 3 1 * *"`},
		{"TZ=UTC 3 1 * *", "", `every is no cron expression of five fields; write minute, hour, day of the month, month and day of the week, as in "0 3 1 * *"`},
		{"@every 1h", "", `every is no cron expression of five fields; write minute, hour, day of the month, month and day of the week, as in "0 3 1 * *"`},
		{"0 3 1 * MOON", "", `every is no cron expression of five fields; write minute, hour, day of the month, month and day of the week, as in "0 3 1 * *"`},
		{"* * * *\t", "", `every is no cron expression of five fields; write minute, hour, day of the month, month and day of the week, as in "0 3 1 * *"`},
		{"0 0 30 2 *", "", `every is a cron expression whose day never comes`},
		{"* * * * *", "", `every is more often than every 1h; a secret is not rotated more often by itself`},
		{"0,30 3 1 * *", "", `every is more often than every 1h; a secret is not rotated more often by itself`},
		{"*/59 3 1 12 *", "", `every is more often than every 1h; a secret is not rotated more often by itself`},
		{strings.Repeat("x", api.MaxRotationEvery+1), "", fmt.Sprintf("every has %d bytes; at most %d are allowed", api.MaxRotationEvery+1, api.MaxRotationEvery)},
		{"", "2h", `window is the time after a schedule's moment within which a rotation begins; set every too`},
		{"30d", "soon", `window must be a whole number and one of the units w, d, h, m and s, as in "30d" or "12h"`},
		{"30d", "59s", `window is "59s"; it must be from 1m to 7d`},
		{"30d", "8d", `window is "8d"; it must be from 1m to 7d`},
		{"1h", "2h", `window is longer than every; the next rotation would be due before this one began`},
		{"15 * * * *", "61m", `window is longer than the time between two moments of every, which may be 1h; the next rotation would be due before this one began`},
		{"0 0,20 * * *", "5h", `window is longer than the time between two moments of every, which may be 4h; the next rotation would be due before this one began`},
		{"0 3 * * *", "7d", `window is longer than the time between two moments of every, which may be 1d; the next rotation would be due before this one began`},
		{"0 3,9 * * MON,THU", "4d", `window is longer than the time between two moments of every, which may be 6h; the next rotation would be due before this one began`},
		{"0 3 * * MON,THU", "4d", `window is longer than the time between two moments of every, which may be 3d; the next rotation would be due before this one began`},
		{"0 3 13 * FRI", "25h", `window is longer than the time between two moments of every, which may be 1d; the next rotation would be due before this one began`},
		{"0 3 29 2 MON", "2d", `window is longer than the time between two moments of every, which may be 1d; the next rotation would be due before this one began`},
		{"x", "y", `every must be a whole number and one of the units w, d, h, m and s, as in "30d" or "12h"; window must be a whole number and one of the units w, d, h, m and s, as in "30d" or "12h"`},
	} {
		if s, err := ParseSchedule(c.every, c.window); err == nil || err.Error() != c.want {
			t.Errorf("%q, %q: %v, %v; want %s", c.every, c.window, s, err, c.want)
		}
	}
}

func TestAWindowMayBeAsLongAsTheTimeBetweenMoments(t *testing.T) {
	for _, c := range [][2]string{
		{"7d", "7d"}, {"15 * * * *", "1h"}, {"0 0,20 * * *", "4h"}, {"0 3 * * *", "1d"}, {"0 3,9 * * MON,THU", "6h"}, {"0 3 * * MON,THU", "3d"},
		{"0 3 * * MON", "7d"}, {"0 3 1 * *", "7d"}, {"0 3 29 2 *", "7d"}, {"0 3 13 * FRI", "1d"},
	} {
		if _, err := ParseSchedule(c[0], c[1]); err != nil {
			t.Errorf("%q, %q: %v", c[0], c[1], err)
		}
	}
}

// TestTheWindowDoesNotAddUp: whatever a secret's moment in the window is, and though a rotation takes its time, the next one comes
// when it would without a window.
func TestTheWindowDoesNotAddUp(t *testing.T) {
	const takes = 10 * time.Minute
	for _, c := range []struct {
		every, window string
		period        time.Duration
	}{
		{"7d", "7d", 7 * day}, {"30d", "7d", 30 * day}, {"30d", "", 30 * day}, {"1h", "1h", time.Hour},
		{"0 3 * * *", "1d", day}, {"0 3 * * *", "2h", day}, {"0 3 * * MON", "7d", 7 * day}, {"15 * * * *", "1h", time.Hour},
	} {
		config, err := ParseConfig(api.PutRotation{Every: c.every, Window: c.window, Rotator: "random"})
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			r := Record{Secret: uuid.Must(uuid.NewV7())}
			r.Set(config, start)
			began := time.Time{}
			for n := range 20 {
				now := r.NextAt
				if wait := now.Sub(start); n == 0 && (wait <= 0 || wait >= c.period+config.Schedule.Window && c.window != "") {
					t.Fatalf("%s, %s: the first one comes after %s", c.every, c.window, wait)
				}
				want := c.period
				if config.Schedule.Every > 0 {
					want += takes // it counts from when the value was made
				}
				if n > 0 && now.Sub(began) != want {
					t.Fatalf("%s, %s: one comes %s after the other", c.every, c.window, now.Sub(began))
				}
				began = now
				if !r.Dispatch(uuid.New(), now) {
					t.Fatal("it is not due")
				}
				if err := r.Claim(api.RotationLease{ID: r.Run.ID, Lease: uuid.New()}, worker, 7, now); err != nil {
					t.Fatal(err)
				}
				r.Created(8, 7)
				r.Finished(now.Add(takes))
			}
		}
	}
}

// TestWhatIsRotatedTogetherIsSpreadAgain: a rotation for another reason, of which there may be many at once, isn't in the window.
func TestWhatIsRotatedTogetherIsSpreadAgain(t *testing.T) {
	config, err := ParseConfig(api.PutRotation{Every: "30d", Window: "7d", Rotator: "random"})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		s := &scene{t, &Record{Secret: uuid.Must(uuid.NewV7())}, start}
		s.Set(config, start)
		s.Request(first, leaver, start)
		s.claim(leaseA).created().finished()
		if want := start.Add(30*day + config.Schedule.jitter(s.Secret)); !s.NextAt.Equal(want) {
			t.Fatalf("it comes at %s, want %s", s.NextAt, want)
		}
	}
}

func TestToSetTheSameScheduleAgainMovesNothing(t *testing.T) {
	config, err := ParseConfig(api.PutRotation{Every: "30d", Window: "7d", Rotator: "random"})
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t, &Record{Secret: first}, start}
	s.Set(config, start)
	s.now = s.NextAt
	s.dispatched().claim(leaseA).created().finished()
	next := s.NextAt
	if !next.Equal(s.now.Add(30 * day)) {
		t.Fatal(next)
	}
	config.Readers.Grace = time.Hour
	if s.Set(config, s.now.Add(day)); !s.NextAt.Equal(next) {
		t.Errorf("it comes at %s, want %s", s.NextAt, next)
	}
	config.Schedule.Every = 60 * day
	if s.Set(config, s.now.Add(day)); !s.NextAt.Equal(next.Add(30*day + config.Schedule.jitter(first))) {
		t.Errorf("by another schedule it comes at %s", s.NextAt)
	}
}

func TestWhatIsDueWhen(t *testing.T) {
	last := time.Date(2026, 1, 30, 12, 0, 0, 0, time.FixedZone("CET", 3600))
	for _, c := range []struct{ every, want string }{
		{"", "0001-01-01T00:00:00Z"},
		{"1h", "2026-01-30T12:00:00Z"},
		{"2w", "2026-02-13T11:00:00Z"},
		{"30d", "2026-03-01T11:00:00Z"},
		{"0 3 1 * *", "2026-02-01T03:00:00Z"},
		{" 0 3 1 * * ", "2026-02-01T03:00:00Z"},
		{"0 11 30 1 *", "2027-01-30T11:00:00Z"}, // the moment itself is over
		{"0 0 29 2 *", "2028-02-29T00:00:00Z"},
		{"15 * * * *", "2026-01-30T11:15:00Z"},
		{"0 9 * * MON", "2026-02-02T09:00:00Z"},
	} {
		s, err := ParseSchedule(c.every, "")
		if err != nil {
			t.Errorf("%q: %v", c.every, err)
			continue
		}
		if got := s.Next(last, uuid.New()).Format(time.RFC3339); got != c.want {
			t.Errorf("%q is due %s; want %s", c.every, got, c.want)
		}
		if s.IsZero() != (c.every == "") {
			t.Errorf("%q is never due: %t", c.every, s.IsZero())
		}
	}
	if next := (Schedule{Cron: "0 0 30 2 *"}).Next(last, uuid.New()); !next.IsZero() {
		t.Errorf("a day that never comes is due %s", next)
	}
}

func TestSecretsBeginAtMomentsOfTheirOwnInTheWindow(t *testing.T) {
	s, err := ParseSchedule("30d", "2h")
	if err != nil {
		t.Fatal(err)
	}
	last := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	due := last.Add(30 * day)
	early, late := 0, 0
	for range 1000 {
		id := uuid.Must(uuid.NewV7())
		next := s.Next(last, id)
		if next.Before(due) || !next.Before(due.Add(2*time.Hour)) || next.Nanosecond() != 0 {
			t.Fatalf("it begins %s", next)
		}
		if !next.Equal(s.Next(last, id)) {
			t.Fatal("it begins at another moment each time")
		}
		if next.Before(due.Add(time.Hour)) {
			early++
		} else {
			late++
		}
	}
	if early < 350 || late < 350 {
		t.Errorf("%d begin in the first half, %d in the second", early, late)
	}
}

func TestDurationsAreWrittenAsTheyAreRead(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{"0s", "0s"}, {"90s", "90s"}, {"120s", "2m"}, {"90m", "90m"}, {"24h", "1d"}, {"36h", "36h"}, {"2w", "14d"}, {"400d", "400d"},
	} {
		d, err := ParseDuration(c.in)
		if err != nil || FormatDuration(d) != c.out {
			t.Errorf("%s is written as %s, %v; want %s", c.in, FormatDuration(d), err, c.out)
		}
	}
	if _, err := ParseDuration(""); err == nil || err.Error() != `is empty; write a number and a unit, as in "30d" or "12h"` {
		t.Error(err)
	}
}
