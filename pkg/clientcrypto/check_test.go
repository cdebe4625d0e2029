package clientcrypto_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/clientcrypto"
)

func TestCheckSaysWhatDiffers(t *testing.T) {
	b, _, current := place(3)
	good := clientcrypto.Envelope{Binding: b, Recipients: []uuid.UUID{id(0x82), id(0x80), id(0x81)}}
	type envelope = clientcrypto.Envelope
	for _, test := range []struct {
		name string
		edit func(*envelope)
		want clientcrypto.MismatchError
	}{
		{"organization", func(e *envelope) { e.Binding.Organization = id(9) }, clientcrypto.MismatchError{Fields: []string{"organization"}}},
		{"secret", func(e *envelope) { e.Binding.Secret = id(9) }, clientcrypto.MismatchError{Fields: []string{"secret"}}},
		{"name in another case", func(e *envelope) { e.Binding.Name = "Database_url" }, clientcrypto.MismatchError{Fields: []string{"name"}}},
		{"everything", func(e *envelope) { e.Binding.Organization, e.Binding.Secret, e.Binding.Name = id(9), id(9), "" },
			clientcrypto.MismatchError{Fields: []string{"organization", "secret", "name"}}},
		{"a project missing", func(e *envelope) { e.Binding.Projects = b.Projects[:2] },
			clientcrypto.MismatchError{MissingProjects: []uuid.UUID{id(0x12)}}},
		{"a project more", func(e *envelope) { e.Binding.Projects = append(slices.Clone(b.Projects), id(0x20)) },
			clientcrypto.MismatchError{ExtraProjects: []uuid.UUID{id(0x20)}}},
		{"a recipient missing", func(e *envelope) { e.Recipients = e.Recipients[:2] },
			clientcrypto.MismatchError{MissingRecipients: []clientcrypto.Recipient{{Project: id(0x11), Key: id(0x81)}}}},
		{"a recipient more", func(e *envelope) { e.Recipients = append(slices.Clone(e.Recipients), id(0x90)) },
			clientcrypto.MismatchError{ExtraRecipients: []uuid.UUID{id(0x90)}}},
		{"an old key", func(e *envelope) { e.Recipients = []uuid.UUID{id(0x70), id(0x81), id(0x82)} },
			clientcrypto.MismatchError{
				MissingRecipients: []clientcrypto.Recipient{{Project: id(0x10), Key: id(0x80)}},
				ExtraRecipients:   []uuid.UUID{id(0x70)},
			}},
		{"nothing at all", func(e *envelope) { *e = envelope{} },
			clientcrypto.MismatchError{
				Fields:          []string{"organization", "secret", "name"},
				MissingProjects: b.Projects,
				MissingRecipients: []clientcrypto.Recipient{
					{Project: id(0x10), Key: id(0x80)}, {Project: id(0x11), Key: id(0x81)}, {Project: id(0x12), Key: id(0x82)}},
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := good
			test.edit(&e)
			var got *clientcrypto.MismatchError
			if err := e.Check(b, current); !errors.As(err, &got) {
				t.Fatalf("got %v, want a MismatchError", err)
			}
			if diff := cmp.Diff(test.want, *got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckTakesProjectsInAnyOrder(t *testing.T) {
	b, _, current := place(3)
	e := clientcrypto.Envelope{Binding: b, Recipients: []uuid.UUID{id(0x80), id(0x81), id(0x82)}}
	want := b
	want.Projects = []uuid.UUID{id(0x12), id(0x10), id(0x11)}
	before := slices.Clone(want.Projects)
	if err := e.Check(want, current); err != nil {
		t.Error(err)
	}
	if !slices.Equal(before, want.Projects) {
		t.Error("Check sorted its caller's slice")
	}
}

func TestOneRecipientNeverStandsForTwoProjects(t *testing.T) {
	b, _, _ := place(2)
	e := clientcrypto.Envelope{Binding: b, Recipients: []uuid.UUID{id(0x80)}}
	if err := e.Check(b, map[uuid.UUID]uuid.UUID{id(0x10): id(0x80), id(0x11): id(0x80)}); err == nil {
		t.Error("two projects whose keys have one id were satisfied by one recipient")
	}
	if err := e.Check(b, nil); err == nil {
		t.Error("projects without keys were satisfied")
	}
}

func TestHideTakesOutWhatTheCallerMayNotSee(t *testing.T) {
	b, _, current := place(3)
	e := clientcrypto.Envelope{Binding: b, Recipients: []uuid.UUID{id(0x80)}}
	e.Binding.Projects = []uuid.UUID{id(0x10), id(0x20)}
	var got *clientcrypto.MismatchError
	if err := e.Check(b, current); !errors.As(err, &got) {
		t.Fatalf("got %v, want a MismatchError", err)
	}
	got.Hide(func(project uuid.UUID) bool { return project == id(0x12) || project == id(0x20) })
	want := &clientcrypto.MismatchError{
		MissingProjects:   []uuid.UUID{id(0x11)},
		ExtraProjects:     []uuid.UUID{id(0x20)},
		MissingRecipients: []clientcrypto.Recipient{{Project: id(0x11), Key: id(0x81)}},
		Hidden:            1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, hidden := range []uuid.UUID{id(0x12), id(0x82)} {
		if strings.Contains(got.Error(), hidden.String()) {
			t.Errorf("the message names %s: %v", hidden, got)
		}
	}
	if !strings.Contains(got.Error(), "1 more that you may not see") {
		t.Errorf("the message does not say how many are hidden: %v", got)
	}
}
