// Package iampolicy reads IAM policy documents and says what they allow, as AWS documents it
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).
//
//	key, err := iampolicy.Parse(document)
//	d := iampolicy.Access{Identity: rolePolicies, Resource: key, KMS: true}.Decide(request)
//	if d.Allowed != iampolicy.No { … }
//
// It is made to prove that something is denied, so there are three answers: Yes, No, and Maybe where it can't be known.
// Maybe is the answer for a condition key that the request does not say, an operator or an element that is not known here,
// a policy variable, and for what stands in a template and is known only when it is deployed. A denial is proven by No, or,
// whatever else may be allowed now or later, by Decision.Denied being Yes: an explicit Deny beats any Allow and any grant.
//
// # What is covered
//
// Statements with Action and NotAction, Resource and NotResource, Principal and NotPrincipal; the wildcards * and ?;
// conditions with all operators of the language but those for binary values, with IfExists, ForAllValues and ForAnyValue.
// Identity policies, and the policy of the resource, of principals in the resource's account and in others; for KMS also
// what is different there: identity policies count only where the key's policy leaves it to the account, and grants.
//
// # What is not
//
// Service control policies, resource control policies, permissions boundaries, session policies and VPC endpoint policies:
// they can only take away, so that what is denied without them is denied with them; what is allowed here may be denied by
// one of them. Policy variables are not filled in. Of Principal, federated users and S3's canonical users are Maybe.
//
// # Symbols
//
// ${NAME} in a text is a text that is not known: a policy variable, or what a template leaves open. Equal symbols are
// equal; everything else that they are compared with is Maybe, unless no text at all in its place would make it match. Those that
// begin with AWS:: (${AWS::AccountId}, ${AWS::Region}, ${AWS::Partition}) have neither colons nor slashes.
package iampolicy
