package main

import (
	"regexp"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// suppress says why a rule of cdk-nag does not hold for a construct. Where a rule has several findings, appliesTo names the
// one that is meant; others still count.
func suppress(construct constructs.Construct, rule, reason string, appliesTo ...any) {
	suppression := &cdknag.NagPackSuppression{Id: str(rule), Reason: str(reason)}
	if len(appliesTo) > 0 {
		suppression.AppliesTo = &appliesTo
	}
	cdknag.NagSuppressions_AddResourceSuppressions(construct, &[]*cdknag.NagPackSuppression{suppression}, yes(true))
}

// onAll names the finding of a wildcard at the end of an ARN, of which the stack fills in what stands before.
func onAll(end string) any {
	return &cdknag.RegexAppliesTo{Regex: str("/^Resource::arn:.*:" + regexp.QuoteMeta(end) + "$/")}
}
