// Package kmstest is the conformance suite of KMS: what AWS documents of the operations that package localkms has, asked
// for with AWS's own client, one subtest each. [Run] tries an implementation, which must answer every check as is
// documented, but for the differences that it is known for. A difference that is not there any longer fails too, so that
// the list says what is so.
//
// The sources are beside the checks. Where AWS documents no more than that something is refused, so much is checked. What
// only shows with several callers, such as what a grant allows, is not part of it: most implementations let everybody do
// everything.
package kmstest

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// A Subject is an implementation of KMS to try.
type Subject struct {
	// Client is AWS's own, unmodified, and may do everything.
	Client *kms.Client
	// Key is the ARN of an enabled symmetric key of the caller's account. The suite leaves grants on it, and further keys.
	Key string
	// SigningKey is the ARN of an enabled key of the kind ECC_NIST_P256, for signing.
	SigningKey string
	// Alias is the name of the key's one alias: alias/….
	Alias string
	// Differences are where it is known to answer otherwise than AWS documents.
	Differences []Difference
}

// A Difference is something that an implementation is known to get wrong.
type Difference struct {
	// Why says what is behind that, or why it is left so.
	Why string
	// Answers are the checks, by name, that show it, and what is answered to them.
	Answers map[string]string
}

// A check asks one thing.
type check struct {
	name string
	// want is what AWS's documentation leads one to expect of ask.
	want string
	// ask says in words how it went: the name of an error, or what was to be seen of an answer. It ends the subtest where
	// what it needs beforehand can't be had, which is no difference.
	ask func(f fixture) string
}

// Run runs the suite.
func Run(t *testing.T, s Subject) {
	listed := s.listed(t)
	names, made := map[string]bool{}, &shared{}
	for _, group := range [][]check{dataKeys, encryptions, decryptions, reEncryptions, keys, disabledKeys, grants, endings, grantLists, signatures} {
		for _, c := range group {
			if names[c.name] {
				t.Fatalf("two checks are called %q", c.name)
			}
			names[c.name] = true
			t.Run(c.name, func(t *testing.T) {
				if complaint := c.complaint(c.ask(fixture{t, s, made}), listed); complaint != "" {
					t.Error(complaint)
				}
			})
		}
	}
	for name := range listed {
		if !names[name] {
			t.Errorf("%q is listed as a difference and is none of the checks", name)
		}
	}
}

// listed are the answers of all differences, by the names of the checks.
func (s Subject) listed(t *testing.T) map[string]string {
	t.Helper()
	listed := map[string]string{}
	for _, d := range s.Differences {
		for name, answer := range d.Answers {
			if _, twice := listed[name]; twice || d.Why == "" {
				t.Errorf("%q is listed twice as a difference, or without a reason", name)
			}
			listed[name] = answer
		}
	}
	return listed
}

// complaint is what is wrong with an answer, given the differences known; empty for nothing.
func (c check) complaint(got string, listed map[string]string) string {
	known, differs := listed[c.name]
	switch {
	case differs && got == c.want:
		return fmt.Sprintf("%q, as AWS answers: take it off the list of differences", got)
	case differs && got != known:
		return fmt.Sprintf("%q, want %q, or the difference that is known: %q", got, c.want, known)
	case !differs && got != c.want:
		return fmt.Sprintf("%q, want %q", got, c.want)
	}
	return ""
}
