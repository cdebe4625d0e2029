package app

import (
	"os"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/handler"
	"strongroom/pkg/identity"
)

func TestWhatHandlersAreToldOfTheCaller(t *testing.T) {
	data, err := os.ReadFile("testdata/event.json")
	if err != nil {
		t.Fatal(err)
	}
	for cognito, want := range map[string]bool{
		"": false, "null": false, "{}": true, `{"amr":["a"],"identityId":"i","identityPoolId":"p"}`: true,
		"[]": true, "false": true,
	} {
		e, err := readEvent(data)
		if err != nil {
			t.Fatal(err)
		}
		if cognito == "" {
			e.RequestContext.Authorizer.IAM.CognitoIdentity = nil
		} else if err := json.Unmarshal([]byte(`{"cognitoIdentity":`+cognito+`}`), e.RequestContext.Authorizer.IAM); err != nil {
			t.Fatal(err)
		}
		whole := handler.Invocation{
			Authorizer: identity.Authorizer{
				AccountID: "123456789012", UserARN: "arn:aws:sts::123456789012:assumed-role/ci/deploy",
				UserID: "AROAEXAMPLE:deploy", Cognito: want,
			},
			RequestID: "LV7fzho-PHcEJPw=", SourceIP: "192.0.2.1", UserAgent: "curl/8.0 (x, y)",
		}
		if diff := cmp.Diff(whole, e.invocation()); diff != "" {
			t.Errorf("cognitoIdentity %q (-want +got):\n%s", cognito, diff)
		}
	}
}
