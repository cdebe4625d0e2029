package gateway

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// An event is an HTTP API's in payload format 2.0
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html). Fields are
// set apart where API Gateway sends null and aws-lambda-go's type would not.
type event struct {
	events.APIGatewayV2HTTPRequest
	RequestContext requestContext `json:"requestContext"`
}

type requestContext struct {
	events.APIGatewayV2HTTPRequestContext
	Authorizer     authorizer `json:"authorizer"`
	Authentication *struct{}  `json:"authentication,omitempty"`
}

type authorizer struct {
	IAM iamAuthorizer `json:"iam"`
}

type iamAuthorizer struct {
	AccessKey       string    `json:"accessKey"`
	AccountID       string    `json:"accountId"`
	CallerID        string    `json:"callerId"`
	CognitoIdentity *struct{} `json:"cognitoIdentity"`
	PrincipalOrgID  *string   `json:"principalOrgId"`
	UserARN         string    `json:"userArn"`
	UserID          string    `json:"userId"`
}

const stage = "$default"

// newEvent is the event for a request, encoded.
func (g *gateway) newEvent(r *http.Request, to route, body []byte, who Identity, id string) []byte {
	now, source := g.Now().UTC(), sourceIP(r)
	e := event{
		APIGatewayV2HTTPRequest: events.APIGatewayV2HTTPRequest{
			Version:               "2.0",
			RouteKey:              to.key,
			RawPath:               r.URL.Path, // decoded: see package app
			RawQueryString:        r.URL.RawQuery,
			Headers:               headers(r, source, now),
			Cookies:               cookies(r),
			QueryStringParameters: joined(r.URL.Query()),
			PathParameters:        to.parameters,
		},
		RequestContext: requestContext{
			APIGatewayV2HTTPRequestContext: events.APIGatewayV2HTTPRequestContext{
				RouteKey: to.key, AccountID: g.Account, Stage: stage, RequestID: id, APIID: g.APIID,
				DomainName: g.APIID + ".execute-api." + g.Region + ".amazonaws.com", DomainPrefix: g.APIID,
				Time: now.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
				HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
					Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent(),
				},
			},
			Authorizer: authorizer{IAM: who.authorizer()},
		},
	}
	e.Body, e.IsBase64Encoded = text(r.Header.Get("Content-Type"), body)
	return encode(e)
}

func encode(e event) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		panic(err) // nothing in it can't be encoded
	}
	return b.Bytes()
}

// text is a body as an event holds it: as it is for the media types that HTTP APIs take for text, else in base64.
// Which types these are is not documented; users tried it. Text that is no UTF-8 could not be told from what replaces it
// in JSON, so that it is encoded too.
func text(contentType string, body []byte) (string, bool) {
	kind, _, _ := mime.ParseMediaType(contentType) // no kind is none of these
	switch {
	case len(body) == 0:
		return "", false
	case !utf8.Valid(body):
	case strings.HasPrefix(kind, "text/"), kind == "application/json", kind == "application/xml",
		kind == "application/javascript":
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}

// headers are the request's, and those that API Gateway adds.
func headers(r *http.Request, source string, now time.Time) map[string]string {
	all := make(map[string]string, len(r.Header)+6)
	for name, values := range r.Header {
		if name != "Cookie" {
			all[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	all["host"] = r.Host
	if r.ContentLength >= 0 {
		all["content-length"] = fmt.Sprint(r.ContentLength)
	}
	_, port, _ := net.SplitHostPort(r.Host) // none is the scheme's own
	all["x-forwarded-port"] = cmp.Or(port, "80")
	all["x-forwarded-proto"] = "http"
	all["x-forwarded-for"] = source
	if before := r.Header.Values("X-Forwarded-For"); len(before) > 0 {
		all["x-forwarded-for"] = strings.Join(append(before, source), ", ")
	}
	var random [12]byte
	_, _ = rand.Read(random[:]) // never fails
	all["x-amzn-trace-id"] = fmt.Sprintf("Root=1-%08x-%x", now.Unix(), random)
	return all
}

func cookies(r *http.Request) []string {
	var all []string
	for _, header := range r.Header.Values("Cookie") {
		for cookie := range strings.SplitSeq(header, ";") {
			all = append(all, strings.TrimSpace(cookie))
		}
	}
	return all
}

// joined is a query as events have it beside the raw one: decoded, repeated parameters joined by commas.
func joined(query url.Values) map[string]string {
	if len(query) == 0 {
		return nil
	}
	all := make(map[string]string, len(query))
	for name, values := range query {
		all[name] = strings.Join(values, ",")
	}
	return all
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
