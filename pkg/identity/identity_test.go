package identity

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the cases have in common.
const (
	account    = "123456789012"
	userID     = "AIDACKCEVSQ6C2EXAMPLE"
	roleID     = "AROADBQP57FF2AEXAMPLE"
	centerRole = "AWSReservedSSO_DatabaseAdministrator_1234567890abcdef"
	centerPath = "aws-reserved/sso.amazonaws.com/eu-west-2/"
)

var long = strings.Repeat("n", 64)

// TestAcceptedCallers is every form of caller that is accepted, with the keys it is looked up by.
func TestAcceptedCallers(t *testing.T) {
	for name, c := range map[string]struct {
		arn, id string
		keys    []string
	}{
		"user": {"arn:aws:iam::123456789012:user/alice", userID,
			[]string{"arn:aws:iam::123456789012:user/alice"}},
		"user with a path": {"arn:aws:iam::123456789012:user/division_abc/subdivision_xyz/alice", userID,
			[]string{"arn:aws:iam::123456789012:user/alice"}},
		"user whose path has a colon and other punctuation": {"arn:aws:iam::123456789012:user/a:b/~!*/alice", userID,
			[]string{"arn:aws:iam::123456789012:user/alice"}},
		"user with the longest path": {"arn:aws:iam::123456789012:user/" + strings.Repeat("p", 510) + "/alice", userID,
			[]string{"arn:aws:iam::123456789012:user/alice"}},
		"user with an e-mail as name": {"arn:aws:iam::123456789012:user/alice+aws=1,2@example.com", userID,
			[]string{"arn:aws:iam::123456789012:user/alice+aws=1,2@example.com"}},
		"user with the longest name": {"arn:aws:iam::123456789012:user/" + long, userID,
			[]string{"arn:aws:iam::123456789012:user/" + long}},
		"user, case kept": {"arn:aws:iam::123456789012:user/Alice", userID,
			[]string{"arn:aws:iam::123456789012:user/Alice"}},
		"user called as a role of Identity Center": {"arn:aws:iam::123456789012:user/" + centerRole, userID,
			[]string{"arn:aws:iam::123456789012:user/" + centerRole}},
		"user in GovCloud": {"arn:aws-us-gov:iam::123456789012:user/alice", userID,
			[]string{"arn:aws-us-gov:iam::123456789012:user/alice"}},
		"user in China": {"arn:aws-cn:iam::123456789012:user/alice", userID,
			[]string{"arn:aws-cn:iam::123456789012:user/alice"}},
		"assumed role": {"arn:aws:sts::123456789012:assumed-role/deploy/run-17", roleID + ":run-17",
			[]string{"arn:aws:iam::123456789012:role/deploy"}},
		"assumed role, session named like somebody": {
			"arn:aws:sts::123456789012:assumed-role/deploy/alice@example.com", roleID + ":alice@example.com",
			[]string{"arn:aws:iam::123456789012:role/deploy"}},
		"assumed role with the longest names": {"arn:aws:sts::123456789012:assumed-role/" + long + "/" + long,
			roleID + ":" + long, []string{"arn:aws:iam::123456789012:role/" + long}},
		"assumed role, shortest session": {"arn:aws:sts::123456789012:assumed-role/r/ab", roleID + ":ab",
			[]string{"arn:aws:iam::123456789012:role/r"}},
		"assumed role in GovCloud": {"arn:aws-us-gov:sts::123456789012:assumed-role/deploy/run-17", roleID + ":run-17",
			[]string{"arn:aws-us-gov:iam::123456789012:role/deploy"}},
		"assumed role in China": {"arn:aws-cn:sts::123456789012:assumed-role/deploy/run-17", roleID + ":run-17",
			[]string{"arn:aws-cn:iam::123456789012:role/deploy"}},
		"assumed service-linked role": {
			"arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling", roleID + ":AutoScaling",
			[]string{"arn:aws:iam::123456789012:role/AWSServiceRoleForAutoScaling"}},
		"assumed Lambda role": {"arn:aws:sts::123456789012:assumed-role/worker/i-0123456789abcdef0",
			roleID + ":i-0123456789abcdef0", []string{"arn:aws:iam::123456789012:role/worker"}},
		"Identity Center, an e-mail as session": {
			"arn:aws:sts::123456789012:assumed-role/" + centerRole + "/alice@example.com", roleID + ":alice@example.com",
			[]string{"arn:aws:sts::123456789012:assumed-role/" + centerRole + "/alice@example.com",
				"arn:aws:iam::123456789012:role/" + centerRole}},
		"Identity Center, underscores in the permission set": {
			"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_read_only__1234567890abcdef/al", roleID + ":al",
			[]string{"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_read_only__1234567890abcdef/al",
				"arn:aws:iam::123456789012:role/AWSReservedSSO_read_only__1234567890abcdef"}},
		"Identity Center in China": {
			"arn:aws-cn:sts::123456789012:assumed-role/" + centerRole + "/alice", roleID + ":alice",
			[]string{"arn:aws-cn:sts::123456789012:assumed-role/" + centerRole + "/alice",
				"arn:aws-cn:iam::123456789012:role/" + centerRole}},
		"nearly Identity Center: no permission set": {
			"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_1234567890abcdef/alice", roleID + ":alice",
			[]string{"arn:aws:iam::123456789012:role/AWSReservedSSO_1234567890abcdef"}},
		"nearly Identity Center: an empty permission set": {
			"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO__1234567890abcdef/alice", roleID + ":alice",
			[]string{"arn:aws:iam::123456789012:role/AWSReservedSSO__1234567890abcdef"}},
		"nearly Identity Center: a short suffix": {
			"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_1234567890abcde/alice", roleID + ":alice",
			[]string{"arn:aws:iam::123456789012:role/AWSReservedSSO_Admin_1234567890abcde"}},
		"nearly Identity Center: a suffix in capitals": {
			"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_1234567890ABCDEF/alice", roleID + ":alice",
			[]string{"arn:aws:iam::123456789012:role/AWSReservedSSO_Admin_1234567890ABCDEF"}},
		"nearly Identity Center: another case": {
			"arn:aws:sts::123456789012:assumed-role/AWSreservedSSO_Admin_1234567890abcdef/alice", roleID + ":alice",
			[]string{"arn:aws:iam::123456789012:role/AWSreservedSSO_Admin_1234567890abcdef"}},
		"nearly Identity Center: something before": {
			"arn:aws:sts::123456789012:assumed-role/My-" + centerRole + "/alice", roleID + ":alice",
			[]string{"arn:aws:iam::123456789012:role/My-" + centerRole}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := FromAuthorizer(Authorizer{AccountID: account, UserARN: c.arn, UserID: c.id}, account)
			if err != nil {
				t.Fatal(err)
			}
			uniqueID, _, _ := strings.Cut(c.id, ":")
			if diff := cmp.Diff(Caller{ARN: c.arn, Keys: c.keys, UniqueID: uniqueID}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNamesOfARNs(t *testing.T) {
	for name, c := range map[string]struct {
		arn  string
		want []string
	}{
		"a user, without its path":      {"arn:aws:iam::123456789012:user/a/alice", []string{"arn:aws:iam::123456789012:user/alice"}},
		"a role, without its path":      {"arn:aws:iam::123456789012:role/a/jobs", []string{"arn:aws:iam::123456789012:role/jobs"}},
		"a session, and its role":       {"arn:aws:sts::123456789012:assumed-role/jobs/one", []string{"arn:aws:sts::123456789012:assumed-role/jobs/one", "arn:aws:iam::123456789012:role/jobs"}},
		"nothing of the root user":      {"arn:aws:iam::123456789012:root", nil},
		"nothing of what is no ARN":     {"arn:aws:iam", nil},
		"nothing of a key, for example": {"arn:aws:kms:us-east-1:123456789012:key/1", nil},
	} {
		got, err := Names(c.arn)
		if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != (c.want == nil) {
			t.Errorf("%s: %v, (-want +got):\n%s", name, err, diff)
		}
	}
}
