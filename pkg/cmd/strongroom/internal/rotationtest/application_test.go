package rotationtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"strongroom/pkg/client"
	"strongroom/pkg/rotation/rotators/dbtest"
)

// An application works with a database, with the login that it reads with the SDK. It reads it again where the database refuses it,
// and, where it polls, goes on asking for it.
type application struct {
	database
	server *dbtest.Server
	reads  *client.Client
	secret string
	polls  bool

	mutex sync.Mutex
	// login is what it read last; worked is the version with which its last session worked, and sessions how many did.
	login    login
	worked   int64
	sessions int
	// readings are when it first had each version.
	readings map[int64]time.Time
	failures []failure
	err      error // why it could read no more
}

// A failure is a session that failed.
type failure struct {
	began, ended time.Time
	version      int64
	err          error
}

func (f failure) String() string {
	const milli = "15:04:05.000"
	return fmt.Sprintf("with version %d, from %s to %s: %v", f.version, f.began.Format(milli), f.ended.Format(milli), f.err)
}

// pause is between two sessions.
const pause = 10 * time.Millisecond

// start has the application work until it is stopped, which waits for the end of its last session.
func (a *application) start(s *strongroom) (stop func()) {
	s.Helper()
	a.readings = map[int64]time.Time{}
	a.read(s.Context())
	s.must(a.err)
	ctx, cancel := context.WithCancel(s.Context())
	var all sync.WaitGroup
	all.Go(func() {
		for ctx.Err() == nil {
			a.work(ctx)
			time.Sleep(pause)
		}
	})
	if a.polls {
		all.Go(func() {
			for got, err := range a.reads.Watch(ctx, a.secret, 50*time.Millisecond) {
				a.take(got, err)
			}
		})
	}
	return sync.OnceFunc(func() {
		cancel()
		all.Wait()
		a.mutex.Lock()
		defer a.mutex.Unlock()
		if a.err != nil && !errors.Is(a.err, context.Canceled) {
			s.Errorf("the application can't read its secret: %v", a.err)
		}
	})
}

// work is one session.
func (a *application) work(ctx context.Context) {
	l := a.has()
	f := failure{began: time.Now(), version: l.version}
	f.err = a.session(ctx, a.server, l)
	f.ended = time.Now()
	a.mutex.Lock()
	if f.err == nil {
		a.worked, a.sessions = l.version, a.sessions+1
	} else {
		a.failures = append(a.failures, f)
	}
	a.mutex.Unlock()
	if f.err != nil {
		a.read(ctx)
	}
}

func (a *application) read(ctx context.Context) { a.take(a.reads.Get(ctx, a.secret)) }

func (a *application) take(got client.Secret, err error) {
	l := login{version: got.Version}
	if err == nil {
		err = json.Unmarshal([]byte(got.Value.Reveal()), &l)
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if err != nil {
		a.err = err
		return
	}
	if l.version > a.login.version {
		a.login, a.readings[l.version] = l, time.Now()
	}
}

func (a *application) has() login {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.login
}

// works waits until the application has worked with a version, and for some sessions more.
func (a *application) works(s *strongroom, version int64) {
	s.Helper()
	after := -1
	s.until("the application works with the new version", func() bool {
		a.mutex.Lock()
		defer a.mutex.Unlock()
		if after < 0 && a.worked == version {
			after = a.sessions
		}
		return after >= 0 && a.sessions >= after+3
	})
}
