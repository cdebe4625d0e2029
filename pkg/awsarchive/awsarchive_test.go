package awsarchive_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"strongroom/pkg/awsarchive"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

// A bucket stands in for S3, with one bucket that has Object Lock on: it wants a checksum with what is put.
type bucket struct {
	*testing.T
	mutex   sync.Mutex
	objects map[string][]byte
	// fail, where it answers a code, has that error answered in place of the n-th request's answer; the request is done.
	fail func(n int, r *http.Request) string
	// markers are the names that a delete marker hides.
	markers  map[string]bool
	requests int
}

// statuses are those of S3's errors (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
var statuses = map[string]int{
	"NoSuchKey": 404, "NoSuchBucket": 404, "AccessDenied": 403, "PreconditionFailed": 412, "ConditionalRequestConflict": 409,
	"InvalidRequest": 400, "InternalError": 500,
}

func newBucket(t *testing.T) (*bucket, secrets.Archive) {
	t.Helper()
	b := &bucket{T: t, objects: map[string][]byte{}, markers: map[string]bool{}, fail: func(int, *http.Request) string { return "" }}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return b, awsarchive.Open("us-east-1", server.URL, credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", ""), "seals")
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.requests++
	name, ok := strings.CutPrefix(r.URL.Path, "/seals/")
	content, code := []byte(nil), "NoSuchBucket"
	if ok {
		content, code = b.answer(name, r)
	}
	if code = cmp.Or(b.fail(b.requests, r), code); code == "" {
		_, _ = w.Write(content)
		return
	}
	if b.markers[name] {
		w.Header().Set("X-Amz-Delete-Marker", "true")
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(statuses[code])
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>what S3 says</Message></Error>", code)
}

func (b *bucket) answer(name string, r *http.Request) (content []byte, code string) {
	content, found := b.objects[name]
	if r.Method == http.MethodGet {
		if !found || b.markers[name] {
			return nil, "NoSuchKey"
		}
		return content, ""
	}
	content, err := io.ReadAll(r.Body)
	sum := sha256.Sum256(content)
	switch {
	case err != nil:
		b.Error(err)
	case r.Method != http.MethodPut || r.Header.Get("If-None-Match") != "*" || r.URL.RawQuery != "x-id=PutObject":
		b.Errorf("%s %s, If-None-Match %q", r.Method, r.URL, r.Header.Get("If-None-Match"))
	case r.Header.Get("X-Amz-Checksum-Sha256") != base64.StdEncoding.EncodeToString(sum[:]):
		return nil, "InvalidRequest" // as with a bucket that has Object Lock on
	case found && !b.markers[name]:
		return nil, "PreconditionFailed"
	}
	b.objects[name] = content
	return nil, ""
}

func TestAnArchiveKeepsWhatItHas(t *testing.T) {
	_, a := newBucket(t)
	secretstest.TestArchive(t, a, "")
}

// Object Lock and how long it holds are the bucket's default: who puts names neither, and so needs no right to.
func TestWhatIsPutNamesNoRetention(t *testing.T) {
	b, a := newBucket(t)
	b.fail = func(_ int, r *http.Request) string {
		for name := range r.Header {
			if strings.HasPrefix(name, "X-Amz-Object-Lock") || name == "X-Amz-Acl" {
				t.Errorf("%s is sent", name)
			}
		}
		return ""
	}
	if err := a.Put(t.Context(), "seal", []byte("content")); err != nil || b.requests != 1 {
		t.Errorf("%d requests, %v", b.requests, err)
	}
}

// The first answer is lost, and the second attempt finds what the first one put.
func TestAnAnswerThatIsLostChangesNothing(t *testing.T) {
	for _, code := range []string{"InternalError", "ConditionalRequestConflict"} {
		b, a := newBucket(t)
		b.fail = func(n int, _ *http.Request) string {
			if n == 1 {
				return code
			}
			return ""
		}
		if err := a.Put(t.Context(), "seal", []byte("content")); err != nil || b.requests != 3 || string(b.objects["seal"]) != "content" {
			t.Errorf("%s: %d requests, %v", code, b.requests, err)
		}
	}
}

// Only what S3 says is absent is absent: an hour whose seal is not found is sealed anew.
func TestWhatCantBeReadIsNotAbsent(t *testing.T) {
	for code, want := range map[string]string{"AccessDenied": "AccessDenied", "NoSuchBucket": "NoSuchBucket", "InternalError": "InternalError"} {
		b, a := newBucket(t)
		b.objects["seal"] = []byte("content")
		b.fail = func(int, *http.Request) string { return code }
		if _, found, err := a.Get(t.Context(), "seal"); err == nil || found || !strings.Contains(err.Error(), want) {
			t.Errorf("Get, %s: %t, %v", code, found, err)
		}
		if err := a.Put(t.Context(), "seal", []byte("content")); err == nil || errors.Is(err, secrets.ErrArchived) {
			t.Errorf("Put, %s: %v", code, err)
		}
	}
}

func TestASealBehindADeleteMarkerIsNotAbsent(t *testing.T) {
	b, a := newBucket(t)
	if err := a.Put(t.Context(), "seal", []byte("content")); err != nil {
		t.Fatal(err)
	}
	b.markers["seal"] = true
	_, found, err := a.Get(t.Context(), "seal")
	if err == nil || found || !strings.Contains(err.Error(), "remove the delete marker") || !strings.Contains(err.Error(), "bucket seals") {
		t.Errorf("%t, %v", found, err)
	}
}

func TestWhatIsTooLongIsNotRead(t *testing.T) {
	b, a := newBucket(t)
	b.objects["seal"] = bytes.Repeat([]byte("x"), 1<<20+1)
	if _, _, err := a.Get(t.Context(), "seal"); err == nil || !strings.Contains(err.Error(), "1048576 bytes") {
		t.Errorf("%v", err)
	}
}
