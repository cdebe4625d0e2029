package app

import (
	"bytes"
	"encoding/json"

	"github.com/aws/aws-lambda-go/events"

	"strongroom/pkg/api"
)

// maxResponse is how many bytes Lambda carries back from a synchronous invocation
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const maxResponse = 6 << 20

// errorResponse is an error in the form in which handlers answer theirs.
func errorResponse(id string, shown api.Error) events.APIGatewayV2HTTPResponse {
	shown.RequestID = id
	return events.APIGatewayV2HTTPResponse{
		StatusCode: shown.Status(),
		Headers: map[string]string{
			"Content-Type": "application/json", "Cache-Control": "no-store", "X-Request-Id": id,
		},
		Body: string(encode(api.ErrorBody{Error: shown})),
	}
}

// encode encodes what always can be. It escapes no more than JSON asks for, since Lambda's limit counts the encoded form.
func encode(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}
