package identity

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Keys as they may look, said once more and in another way than the parser says it.
var (
	plainKey   = regexp.MustCompile(`^arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:(user|role)/[A-Za-z0-9_+=,.@-]{1,64}$`)
	sessionKey = regexp.MustCompile(`^arn:aws(-cn|-us-gov)?:sts::[0-9]{12}:assumed-role/` +
		`AWSReservedSSO_[A-Za-z0-9_+=,.@-]{1,32}_[0-9a-f]{16}/[A-Za-z0-9_+=,.@-]{2,64}$`)
)

func seedARNs(f *testing.F, add func(arn string)) {
	f.Helper()
	for _, c := range refusedARNs {
		add(c.arn)
	}
	for _, arn := range []string{
		"arn:aws:iam::123456789012:user/alice", "arn:aws:iam::123456789012:user/a/b:c/alice",
		"arn:aws-cn:iam::123456789012:role/team/deploy", "arn:aws:sts::123456789012:assumed-role/deploy/run-17",
		"arn:aws:sts::123456789012:assumed-role/" + centerRole + "/alice@example.com",
		"arn:aws:iam::123456789012:role/" + centerPath + centerRole,
	} {
		add(arn)
	}
}

// FuzzFromAuthorizer holds that keys look as they must, that a session has a key only under Identity Center, and that
// what a caller's keys say leads to the same keys.
func FuzzFromAuthorizer(f *testing.F) {
	seedARNs(f, func(arn string) {
		f.Add(arn, account, userID)
		f.Add(arn, account, roleID+":run-17")
		f.Add(arn, account, roleID+":alice@example.com")
	})
	f.Fuzz(func(t *testing.T, arn, accountID, id string) {
		caller, err := FromAuthorizer(Authorizer{AccountID: accountID, UserARN: arn, UserID: id}, account)
		if err != nil {
			if !cmp.Equal(caller, Caller{}) {
				t.Errorf("refused, and answered %+v", caller)
			}
			return
		}
		last := caller.Keys[len(caller.Keys)-1]
		if len(caller.Keys) > 2 || !plainKey.MatchString(last) {
			t.Errorf("%q has the keys %q", arn, caller.Keys)
		}
		if len(caller.Keys) == 2 && !sessionKey.MatchString(caller.Keys[0]) {
			t.Errorf("%q has the session key %q", arn, caller.Keys[0])
		}
		for _, key := range caller.Keys {
			binding, err := ParseBinding(key, caller.UniqueID, account)
			if err != nil || binding.Key != key || !caller.Matches(binding.Key, binding.UniqueID) {
				t.Errorf("the key %q is bound as %+v, %v", key, binding, err)
			}
		}
		again, err := FromAuthorizer(Authorizer{AccountID: accountID, UserARN: caller.ARN, UserID: id}, account)
		if diff := cmp.Diff(caller, again); err != nil || diff != "" {
			t.Errorf("the second time: %v, %s", err, diff)
		}
	})
}

// FuzzParseBinding holds that a key is its own key, and that a session is never bound without a pinned role of Identity
// Center.
func FuzzParseBinding(f *testing.F) {
	seedARNs(f, func(arn string) {
		f.Add(arn, "")
		f.Add(arn, userID)
		f.Add(arn, roleID)
	})
	f.Fuzz(func(t *testing.T, arn, uniqueID string) {
		binding, err := ParseBinding(arn, uniqueID, account)
		if err != nil {
			if binding != (Binding{}) {
				t.Errorf("refused, and answered %+v", binding)
			}
			return
		}
		isSession := sessionKey.MatchString(binding.Key)
		if !isSession && !plainKey.MatchString(binding.Key) {
			t.Errorf("%q has the key %q", arn, binding.Key)
		}
		if isSession && !strings.HasPrefix(binding.UniqueID, "AROA") || isSessionKey(binding.Key) != isSession {
			t.Errorf("%q is bound as the session %+v", arn, binding)
		}
		again, err := ParseBinding(binding.Key, uniqueID, account)
		if err != nil || again.Key != binding.Key || again.UniqueID != binding.UniqueID {
			t.Errorf("%q has the key %q, and that the key %q, %v", arn, binding.Key, again.Key, err)
		}
	})
}
