package identity

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAcceptedBindings is every form that can be bound, with its key.
func TestAcceptedBindings(t *testing.T) {
	session := "arn:aws:sts::123456789012:assumed-role/" + centerRole + "/alice@example.com"
	for name, c := range map[string]struct{ arn, uniqueID, key string }{
		"user": {"arn:aws:iam::123456789012:user/alice", "", "arn:aws:iam::123456789012:user/alice"},
		"user with a path, pinned": {"arn:aws:iam::123456789012:user/team/alice", userID,
			"arn:aws:iam::123456789012:user/alice"},
		"role":         {"arn:aws:iam::123456789012:role/deploy", "", "arn:aws:iam::123456789012:role/deploy"},
		"role, pinned": {"arn:aws:iam::123456789012:role/deploy", roleID, "arn:aws:iam::123456789012:role/deploy"},
		"role with a path": {"arn:aws:iam::123456789012:role/strongroom/workers/deploy", "",
			"arn:aws:iam::123456789012:role/deploy"},
		"role with a service's path": {"arn:aws:iam::123456789012:role/service-role/deploy", "",
			"arn:aws:iam::123456789012:role/deploy"},
		"role in China": {"arn:aws-cn:iam::123456789012:role/deploy", "", "arn:aws-cn:iam::123456789012:role/deploy"},
		"role in GovCloud": {"arn:aws-us-gov:iam::123456789012:role/deploy", "",
			"arn:aws-us-gov:iam::123456789012:role/deploy"},
		"role of Identity Center": {"arn:aws:iam::123456789012:role/" + centerPath + centerRole, "",
			"arn:aws:iam::123456789012:role/" + centerRole},
		"role of Identity Center in us-east-1": {"arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/" +
			centerRole, roleID, "arn:aws:iam::123456789012:role/" + centerRole},
		"session of Identity Center, pinned": {session, roleID, session},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseBinding(c.arn, c.uniqueID, account)
			if err != nil {
				t.Fatal(err)
			}
			want := Binding{ARN: c.arn, Key: c.key, UniqueID: c.uniqueID}
			if c.key == session {
				want.Role = "arn:aws:iam::123456789012:role/" + centerRole
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusedBindings(t *testing.T) {
	const deploy = "arn:aws:iam::123456789012:role/deploy"
	session := "arn:aws:sts::123456789012:assumed-role/" + centerRole + "/alice@example.com"
	cases := map[string]struct {
		arn, uniqueID string
		kind          error
	}{
		"session of any other role":        {"arn:aws:sts::123456789012:assumed-role/deploy/alice", roleID, ErrRefused},
		"session of nearly such a role":    {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_A_12/alice", roleID, ErrRefused},
		"session of Identity Center, bare": {session, "", ErrRefused},
		"session pinning a user":           {session, userID, ErrMalformed},
		"session pinning a session":        {session, roleID + ":alice@example.com", ErrMalformed},
		"role pinning a user":              {deploy, userID, ErrMalformed},
		"role pinning an access key":       {deploy, "AKIAIOSFODNN7EXAMPLE", ErrMalformed},
		"role pinning too little":          {deploy, "AROA", ErrMalformed},
		"role pinning look-alikes":         {deploy, "АROADBQP57FF2AEXAMPLE", ErrMalformed}, // a Cyrillic А
		"role pinning a space":             {deploy, " ", ErrMalformed},
		"user pinning a role":              {"arn:aws:iam::123456789012:user/alice", roleID, ErrMalformed},
		"role of another account":          {"arn:aws:iam::210987654321:role/deploy", "", ErrRefused},
		"service-linked role": {"arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/" +
			"AWSServiceRoleForAutoScaling", "", ErrRefused},
		"role with an empty path part": {"arn:aws:iam::123456789012:role//deploy", "", ErrMalformed},
		"role with too long a name":    {"arn:aws:iam::123456789012:role/" + long + "n", "", ErrMalformed},
		"role without a name":          {"arn:aws:iam::123456789012:role/", "", ErrMalformed},
	}
	for name, c := range refusedARNs {
		cases["ARN: "+name] = struct {
			arn, uniqueID string
			kind          error
		}{c.arn, "", c.kind}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseBinding(c.arn, c.uniqueID, account)
			if !errors.Is(err, c.kind) {
				t.Errorf("refused with %v, want %v", err, c.kind)
			}
			if diff := cmp.Diff(Binding{}, got); diff != "" {
				t.Error("something was answered all the same:", diff)
			}
		})
	}
	if _, err := ParseBinding(deploy, "", "12345678901x"); !errors.Is(err, ErrMalformed) {
		t.Errorf("a deployment without an account is refused with %v", err)
	}
}

// TestARefusedSessionNamesTheRoleToBind holds that the message helps.
func TestARefusedSessionNamesTheRoleToBind(t *testing.T) {
	_, err := ParseBinding("arn:aws-cn:sts::123456789012:assumed-role/deploy/alice", "", account)
	if err == nil || !strings.HasSuffix(err.Error(), "bind the role, arn:aws-cn:iam::123456789012:role/deploy") {
		t.Error(err)
	}
}

func TestMatches(t *testing.T) {
	session := "arn:aws:sts::123456789012:assumed-role/" + centerRole + "/alice@example.com"
	caller, err := FromAuthorizer(Authorizer{AccountID: account, UserARN: session, UserID: roleID + ":alice@example.com"}, account)
	if err != nil {
		t.Fatal(err)
	}
	role := "arn:aws:iam::123456789012:role/" + centerRole
	for name, c := range map[string]struct {
		key, pinned string
		want        bool
	}{
		"its role":                             {role, "", true},
		"its role, pinned":                     {role, roleID, true},
		"its role, made again":                 {role, "AROAZZZZZZZZZZEXAMPLE", false},
		"its session, pinned":                  {session, roleID, true},
		"its session, of a role made again":    {session, "AROAZZZZZZZZZZEXAMPLE", false},
		"its session, though nothing pins it":  {session, "", false},
		"another's session":                    {strings.Replace(session, "alice", "bob", 1), roleID, false},
		"another role of the same unique id":   {"arn:aws:iam::123456789012:role/deploy", roleID, false},
		"its role in another case":             {strings.ToLower(role), roleID, false},
		"its role in another partition":        {strings.Replace(role, "arn:aws:", "arn:aws-cn:", 1), roleID, false},
		"nothing":                              {"", "", false},
		"nothing with the right unique id":     {"", roleID, false},
		"its role, the unique id in lowercase": {role, strings.ToLower(roleID), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := caller.Matches(c.key, c.pinned); got != c.want {
				t.Errorf("Matches is %t", got)
			}
		})
	}
	if (Caller{}).Matches("", "") {
		t.Error("nobody matches nothing")
	}
}

// TestBindingsMatchTheirCallers binds and then calls, through each form.
func TestBindingsMatchTheirCallers(t *testing.T) {
	for name, c := range map[string]struct{ bound, uniqueID, calls, id string }{
		"user with a path":    {"arn:aws:iam::123456789012:user/team/alice", userID, "arn:aws:iam::123456789012:user/team/alice", userID},
		"user moved":          {"arn:aws:iam::123456789012:user/team/alice", "", "arn:aws:iam::123456789012:user/alice", userID},
		"role with a path":    {"arn:aws:iam::123456789012:role/team/deploy", roleID, "arn:aws:sts::123456789012:assumed-role/deploy/run-17", roleID + ":run-17"},
		"Identity Center":     {"arn:aws:sts::123456789012:assumed-role/" + centerRole + "/al", roleID, "arn:aws:sts::123456789012:assumed-role/" + centerRole + "/al", roleID + ":al"},
		"a whole centre role": {"arn:aws:iam::123456789012:role/" + centerPath + centerRole, "", "arn:aws:sts::123456789012:assumed-role/" + centerRole + "/bob", roleID + ":bob"},
	} {
		t.Run(name, func(t *testing.T) {
			binding, err := ParseBinding(c.bound, c.uniqueID, account)
			if err != nil {
				t.Fatal(err)
			}
			caller, err := FromAuthorizer(Authorizer{AccountID: account, UserARN: c.calls, UserID: c.id}, account)
			if err != nil {
				t.Fatal(err)
			}
			if !caller.Matches(binding.Key, binding.UniqueID) {
				t.Errorf("%+v does not match %+v", caller, binding)
			}
		})
	}
}
