package operation

import "strings"

// AnyID is what any id is like to IAM, whose * also stands for slashes: with it in an id's place, /secrets/* would be every
// route below a secret.
const AnyID = "????????-????-????-????-????????????"

// Invoked is the route as the resource of execute-api:Invoke ends, behind the API's stage, in an IAM policy: method and path, with
// what is known of the path's parameters by name, and else any id, or any version
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html).
func (h HTTP) Invoked(known map[string]string) string {
	segments := strings.Split(h.Path, "/")
	for i, segment := range segments {
		if !strings.HasPrefix(segment, "{") {
			continue
		}
		name := strings.Trim(segment, "{}")
		switch value, ok := known[name]; {
		case ok:
			segments[i] = value
		case name == "version":
			segments[i] = "*"
		default:
			segments[i] = AnyID
		}
	}
	return h.Method + strings.Join(segments, "/")
}
