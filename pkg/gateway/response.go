package gateway

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// A response is a function's answer, or why there is none.
type response struct {
	events.APIGatewayV2HTTPResponse
	err error
}

// readResponse reads what a function answered. API Gateway also takes JSON without a status code, as the body of a 200;
// no function here answers that, so that it is taken for a mistake.
func readResponse(payload []byte) response {
	var r response
	if err := json.Unmarshal(payload, &r.APIGatewayV2HTTPResponse); err != nil {
		return response{err: errors.New("the answer is no HTTP response in JSON")}
	}
	if r.StatusCode < 200 || r.StatusCode > 599 {
		return response{err: fmt.Errorf("the answer's status is %d", r.StatusCode)}
	}
	if r.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(r.Body)
		if err != nil {
			return response{err: errors.New("the answer's body is no base64")}
		}
		r.Body = string(body)
	}
	return r
}

// hop are the headers that belong to a connection and not to an answer, the length, which net/http sets, and the
// gateway's own.
var hop = map[string]bool{
	"Apigw-Requestid": true, "Connection": true, "Content-Length": true, "Keep-Alive": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true,
}

func (r response) write(w http.ResponseWriter) {
	header := w.Header()
	set := func(name, value string) {
		if name = http.CanonicalHeaderKey(name); !hop[name] {
			header.Add(name, value)
		}
	}
	for name, value := range r.Headers {
		set(name, value)
	}
	for name, values := range r.MultiValueHeaders {
		for _, value := range values {
			set(name, value)
		}
	}
	for _, cookie := range r.Cookies {
		header.Add("Set-Cookie", cookie)
	}
	if header.Get("Content-Type") == "" && r.Body != "" {
		header.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	w.WriteHeader(r.StatusCode)
	if r.StatusCode != http.StatusNoContent && r.StatusCode != http.StatusNotModified {
		_, _ = io.WriteString(w, r.Body) // the client is gone
	}
}
