package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"strongroom/pkg/cmd/strongroom/internal/local"
)

// Whoever is second makes the change on what the first left: nothing is lost, and what is said is so.
func TestTwoWritersAtTheSameTime(t *testing.T) {
	s := newStage(t, local.Owner)
	s.run(t, "", "project", "create", "other", "--server")
	for _, test := range []struct {
		name string
		// before is done first, meanwhile while the request of the command waits.
		before, meanwhile []string
		command           []string
		says              string
		// read prints want in the end.
		read []string
		want string
	}{
		{
			"both make it",
			nil, []string{"secret", "set", "demo/MADE", "--file", "-"},
			[]string{"secret", "set", "demo/MADE"}, "strongroom: demo/MADE: version 2\n",
			[]string{"secret", "get", "demo/MADE", "--version", "1"}, "theirs",
		},
		{
			"both make it, with a further project that the other did not name",
			nil, []string{"secret", "set", "plain/ALONE"},
			[]string{"secret", "set", "plain/ALONE", "--also", "other"}, "plain/ALONE is there already, and not in other",
			[]string{"secret", "get", "plain/ALONE"}, "theirs",
		},
		{
			"both change it",
			[]string{"secret", "set", "demo/CHANGED"}, []string{"secret", "set", "demo/CHANGED"},
			[]string{"secret", "set", "demo/CHANGED"}, "strongroom: demo/CHANGED: version 3\n",
			[]string{"secret", "get", "demo/CHANGED", "--version", "2"}, "theirs",
		},
		{
			"a name and a value",
			[]string{"secret", "set", "demo/NAMED"}, []string{"secret", "set", "demo/NAMED"},
			[]string{"secret", "rename", "demo/NAMED", "RENAMED"}, "strongroom: demo/NAMED: now called RENAMED, version 3\n",
			[]string{"secret", "get", "demo/RENAMED"}, "theirs",
		},
		{
			"a value that was the current one",
			[]string{"secret", "set", "plain/RESTORED"}, []string{"secret", "set", "plain/RESTORED"},
			[]string{"secret", "set", "plain/RESTORED", "--note", "a note"}, "strongroom: plain/RESTORED: version 3\n",
			[]string{"secret", "get", "plain/RESTORED", "--version", "2"}, "theirs",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.before != nil {
				s.run(t, "before", test.before...)
			}
			s.api.holdNext()
			c := s.program(t, test.command...)
			var said bytes.Buffer
			c.Stdin, c.Stderr = strings.NewReader("mine"), &said
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-s.api.waiting:
			case <-time.After(patience):
				t.Fatal("no request came")
			}
			s.run(t, "theirs", test.meanwhile...)
			s.api.release <- struct{}{}
			_ = c.Wait() // what it says tells how it went
			if !strings.Contains(said.String(), test.says) {
				t.Errorf("it says %q, want %q", said.String(), test.says)
			}
			if got, _ := s.run(t, "", test.read...); got != test.want {
				t.Errorf("%s: %q, want %q", strings.Join(test.read, " "), got, test.want)
			}
		})
	}
}

// Many writers take turns: who loses again and again is not told that somebody else was first.
func TestAWriterLosesManyRaces(t *testing.T) {
	const races = 12
	s := newStage(t, local.Owner)
	s.run(t, "before", "secret", "set", "plain/BUSY")
	s.api.holdNext()
	c := s.program(t, "secret", "set", "plain/BUSY")
	var said bytes.Buffer
	c.Stdin, c.Stderr = strings.NewReader("mine"), &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for race := range races {
		select {
		case <-s.api.waiting:
		case <-time.After(patience):
			t.Fatalf("no request came after %d; it says %q", race, said.String())
		}
		s.run(t, fmt.Sprintf("theirs %d", race), "secret", "set", "plain/BUSY")
		if race < races-1 {
			s.api.holdNext()
		}
		s.api.release <- struct{}{}
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	if got, _ := s.run(t, "", "secret", "get", "plain/BUSY"); got != "mine" {
		t.Errorf("stored is %q", got)
	}
}
