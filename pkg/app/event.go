package app

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"strongroom/pkg/api"
	"strongroom/pkg/handler"
	"strongroom/pkg/identity"
)

// An event is what an HTTP API sends to a function in payload format 2.0
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html). What the
// authorizer says is read apart, because aws-lambda-go's type does not tell a cognitoIdentity that is null from an empty
// one.
type event struct {
	events.APIGatewayV2HTTPRequest
	RequestContext requestContext `json:"requestContext"`
}

type requestContext struct {
	events.APIGatewayV2HTTPRequestContext
	Authorizer struct {
		IAM *iamAuthorizer `json:"iam"`
	} `json:"authorizer"`
}

type iamAuthorizer struct {
	AccountID       string         `json:"accountId"`
	UserARN         string         `json:"userArn"`
	UserID          string         `json:"userId"`
	CognitoIdentity jsontext.Value `json:"cognitoIdentity"`
}

// readEvent decodes an event. A body in base64 is decoded as well.
func readEvent(payload []byte) (event, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return event{}, api.Errorf(api.CodeForbidden, "this function takes events of its HTTP API only")
	}
	if e.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(e.Body)
		if err != nil {
			return e, api.Errorf(api.CodeInvalid, "the body could not be read")
		}
		e.Body, e.IsBase64Encoded = string(body), false
	}
	return e, nil
}

// check refuses events that are not of this function's route, API and account, and those that the adapter could not
// make a request of.
func (f *function) check(e event) error {
	c := e.RequestContext
	switch {
	case e.Version != "2.0":
		return api.Errorf(api.CodeForbidden, "this function takes events of its HTTP API only, in payload format 2.0")
	case e.RouteKey != f.route.Route() || c.HTTP.Method != f.route.Method:
		return api.Errorf(api.CodeForbidden, "this function serves %s only", f.route.Route())
	case f.settings.API != "" && c.APIID != f.settings.API:
		return api.Errorf(api.CodeForbidden, "this function serves another API")
	case f.settings.Account != "" && c.AccountID != f.settings.Account:
		return api.Errorf(api.CodeForbidden, "this function serves an API of another account")
	case c.Authorizer.IAM == nil:
		return api.Errorf(api.CodeForbidden, "the route has no IAM authorizer")
	}
	adapted := e.adapted()
	target := "https://" + adapted.RequestContext.DomainName + adapted.RawPath + "?" + adapted.RawQueryString
	if _, err := http.NewRequest(c.HTTP.Method, target, nil); err != nil { //nolint:noctx // never sent
		return api.Errorf(api.CodeInvalid, "the path or the query is malformed")
	}
	return nil
}

// invocation is what the handler is told of who asks.
func (e event) invocation() handler.Invocation {
	c, iam := e.RequestContext, e.RequestContext.Authorizer.IAM
	cognito := len(iam.CognitoIdentity) > 0 && string(iam.CognitoIdentity) != "null"
	return handler.Invocation{
		Authorizer: identity.Authorizer{
			AccountID: iam.AccountID, UserARN: iam.UserARN, UserID: iam.UserID, Cognito: cognito,
		},
		RequestID: c.RequestID,
		SourceIP:  c.HTTP.SourceIP,
		UserAgent: c.HTTP.UserAgent,
	}
}

// adapted is the event as the adapter must see it: the path, which API Gateway has decoded, encoded again, and without
// what restore sets. (That HTTP APIs decode rawPath is not documented; users' captures show it.)
func (e event) adapted() events.APIGatewayV2HTTPRequest {
	a := e.APIGatewayV2HTTPRequest
	a.RequestContext = e.RequestContext.APIGatewayV2HTTPRequestContext
	if !strings.HasPrefix(a.RawPath, "/") {
		a.RawPath = "/" + a.RawPath
	}
	a.RawPath = (&url.URL{Path: a.RawPath}).EscapedPath()
	a.QueryStringParameters = nil // a lossy form of rawQueryString
	a.Headers, a.Cookies = nil, nil
	return a
}

// restore sets what the adapter would change: headers, which it splits at commas, and a query, which it cuts at a #.
func (e event) restore(r *http.Request) *http.Request {
	r.Header = make(http.Header, len(e.Headers)+1)
	for name, value := range e.Headers {
		r.Header.Set(name, value)
	}
	if len(e.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	r.URL.RawQuery, r.URL.Fragment, r.URL.RawFragment = e.RawQueryString, "", ""
	r.RequestURI = r.URL.RequestURI()
	return r
}
