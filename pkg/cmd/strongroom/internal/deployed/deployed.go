// Package deployed asks AWS itself about a deployment, with the rights of whoever runs the program: who that is, who may
// invoke the functions, and create-organization, which has no route.
//
// Where AWS is follows from the configuration, as for all of AWS's clients: AWS_ENDPOINT_URL_STS, _IAM and _LAMBDA lead
// elsewhere.
package deployed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"strongroom/pkg/api"
	"strongroom/pkg/identity"
)

// A Caller is whose credentials these are.
type Caller struct {
	// ARN is as AWS has it, with the session's name for a role.
	ARN, Account string
	// Bind is what to bind to a user or service account: the user's or the role's own ARN, without its path; of a role of IAM
	// Identity Center, which several people have, the session's, which is one person's.
	Bind string
	// Pin is the unique id that goes with such a session, which Strongroom asks for; empty with others.
	Pin string
}

// WhoAmI asks STS, which answers everybody whose credentials are valid
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
func WhoAmI(ctx context.Context, c aws.Config) (Caller, error) {
	out, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Caller{}, failed("sts:GetCallerIdentity", err)
	}
	who := Caller{ARN: aws.ToString(out.Arn), Account: aws.ToString(out.Account)}
	known, err := identity.FromAuthorizer(identity.Authorizer{
		AccountID: who.Account, UserARN: who.ARN, UserID: aws.ToString(out.UserId),
	}, who.Account)
	if err != nil {
		return who, err
	}
	who.Bind = known.Keys[0]
	if len(known.Keys) > 1 { // a person's session, and the role
		who.Pin = known.UniqueID
	}
	return who, nil
}

// CreateOrganization invokes create-organization, which takes lambda:InvokeFunction on it. What the function refuses is an
// *api.Error.
func CreateOrganization(ctx context.Context, c aws.Config, function string, in api.CreateOrganization) (api.Organization, error) {
	payload, err := json.Marshal(in)
	if err != nil {
		return api.Organization{}, err
	}
	out, err := lambda.NewFromConfig(c).Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: payload})
	if err != nil {
		return api.Organization{}, failed("lambda:InvokeFunction", err)
	}
	if out.FunctionError != nil {
		var refused struct{ ErrorType, ErrorMessage string }
		if err := json.Unmarshal(out.Payload, &refused); err != nil || refused.ErrorMessage == "" {
			return api.Organization{}, fmt.Errorf("the function %s failed: %s", function, *out.FunctionError)
		}
		return api.Organization{}, &api.Error{Code: api.Code(refused.ErrorType), Message: refused.ErrorMessage}
	}
	var made api.Organization
	if err := json.Unmarshal(out.Payload, &made); err != nil || made.ClientKeyARN == "" {
		return made, fmt.Errorf("the function %s did not answer as create-organization does", function)
	}
	return made, nil
}

// A DeniedError says that the caller's IAM policies don't allow an action.
type DeniedError struct {
	// Action is as IAM names it.
	Action string
	Err    error
}

func (e *DeniedError) Error() string { return fmt.Sprintf("AWS does not allow you %s", e.Action) }

// Unwrap is AWS's own error.
func (e *DeniedError) Unwrap() error { return e.Err }

// failed is AWS's error in a line, without what the client says of its attempts.
func failed(action string, err error) error {
	var known smithy.APIError
	if !errors.As(err, &known) {
		return fmt.Errorf("%s: AWS can't be reached, or there are no credentials: %w", action, err)
	}
	switch known.ErrorCode() {
	case "AccessDenied", "AccessDeniedException":
		return &DeniedError{action, err}
	}
	return fmt.Errorf("%s: %s: %s", action, known.ErrorCode(), known.ErrorMessage())
}
