package secrets

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"strongroom/pkg/api"
)

// An ETag is the resource's counter, the same for every caller, and where what is shown depends on the caller, a dot
// and a digest of what it may do: "7" or "7.5f2c91aa". If-Match looks at the counter alone; If-None-Match at all of
// it, so that a caller whose rights changed gets a full answer. What is shown with a resource and changes without it is in
// the digest too: the names of others, and the project keys that come with a client-encrypted secret.

// etag makes the text of a tag. What the caller sees besides what is stored goes into view.
func etag(counter int64, view ...any) string {
	text := strconv.FormatInt(counter, 10)
	if len(view) > 0 {
		digest := fnv.New32a()
		_, _ = fmt.Fprint(digest, view...) // a hash never fails
		text += fmt.Sprintf(".%08x", digest.Sum32())
	}
	return `"` + text + `"`
}

// An IfMatch is a request's If-Match header, empty where it has none (RFC 9110, 13.1.1).
type IfMatch string

// allows says whether the resource's counter is among those named.
func (m IfMatch) allows(counter int64) bool {
	if m == "" || m == "*" {
		return true
	}
	for tag := range strings.SplitSeq(string(m), ",") {
		tag, quoted := strings.CutPrefix(strings.TrimSpace(tag), `"`)
		if !quoted {
			continue // weak tags never match here
		}
		number, _, _ := strings.Cut(strings.TrimSuffix(tag, `"`), ".")
		if number == strconv.FormatInt(counter, 10) {
			return true
		}
	}
	return false
}

// An IfNoneMatch is a request's If-None-Match header, empty where it has none (RFC 9110, 13.1.2).
type IfNoneMatch string

// Has says whether an ETag is among those named, which are compared weakly.
func (m IfNoneMatch) Has(etag string) bool {
	for tag := range strings.SplitSeq(string(m), ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

// check is the error for a resource that was changed since the caller saw it.
func (m IfMatch) check(counter int64) error {
	if m.allows(counter) {
		return nil
	}
	return api.Errorf(api.CodePreconditionFailed,
		"it has changed since: its ETag is now %s, not %s; read it again and decide anew", etag(counter), string(m))
}
