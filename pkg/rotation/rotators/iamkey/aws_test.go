package iamkey_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/sigv4"
)

// An account stands in for IAM and STS, as their query APIs are
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html and its neighbours): it checks signatures, answers
// a page at a time, knows new keys late, and forgets none of what it was asked.
type account struct {
	url string

	mu    sync.Mutex
	users map[string]*user
	// late is how many requests by a new key are refused before it is known.
	late  int
	fresh map[string]int
	asked []string
	// fail answers that code to an action.
	fail   map[string]string
	number int
}

type user struct {
	path string
	tags map[string]string
	keys []*accessKey
}

type accessKey struct {
	id, secret, status string
	made               time.Time
}

const worker = "AKIAWORKERWORKERWORK"

func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{users: map[string]*user{}, fresh: map[string]int{}, fail: map[string]string{}}
	a.users["worker"] = &user{path: "/", keys: []*accessKey{{worker, "the-workers-secret", "Active", time.Now()}}}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// config is the worker's.
func (a *account) config() aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &a.url, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(a.worker),
	}
}

func (a *account) key(id string) (*user, string, *accessKey) {
	for name, u := range a.users {
		for _, k := range u.keys {
			if k.id == id {
				return u, name, k
			}
		}
	}
	return nil, "", nil
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, 400, "IncompleteSignature")
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		refuse(w, 400, "MalformedQueryString")
		return
	}
	action := form.Get("Action")
	service, version := "iam", "2010-05-08"
	if action == "GetCallerIdentity" {
		service, version = "sts", "2011-06-15"
	}
	var caller *accessKey
	claim, err := sigv4.Rules{Service: service, Region: "us-east-1"}.Read(r, time.Now(), func(id string) (sigv4.Key, bool) {
		_, _, caller = a.key(id)
		if caller == nil || caller.status != "Active" || a.fresh[id] > 0 {
			a.fresh[id]--
			caller = nil
			return sigv4.Key{}, false
		}
		return sigv4.Key{ID: id, Secret: caller.secret}, true
	})
	if caller == nil {
		refuse(w, 403, "InvalidClientTokenId")
		return
	}
	if err == nil {
		err = claim.Verify(r, body)
	}
	if err != nil {
		refuse(w, 403, "SignatureDoesNotMatch")
		return
	}
	if form.Get("Version") != version {
		refuse(w, 400, "InvalidAction")
		return
	}
	a.asked = append(a.asked, action)
	if code := a.fail[action]; code != "" {
		refuse(w, 400, code)
		return
	}
	if service == "sts" {
		u, name, _ := a.key(caller.id)
		answer(w, action, fmt.Sprintf("<Arn>arn:aws:iam::111122223333:user%s%s</Arn><UserId>AIDAX</UserId><Account>111122223333</Account>", u.path, name))
		return
	}
	if caller.id != worker {
		refuse(w, 403, "AccessDenied")
		return
	}
	u, ok := a.users[form.Get("UserName")]
	if !ok {
		refuse(w, 404, "NoSuchEntity")
		return
	}
	a.do(w, action, u, form)
}

func (a *account) do(w http.ResponseWriter, action string, u *user, form url.Values) {
	switch action {
	case "ListUserTags": // a page for each
		names := []string{"team", "strongroom:secret", "env"}
		at := 0
		_, _ = fmt.Sscan(form.Get("Marker"), &at)
		result := "<Tags>"
		if value, ok := u.tags[names[at]]; ok {
			result += "<member><Key>" + names[at] + "</Key><Value>" + value + "</Value></member>"
		}
		result += "</Tags>"
		if at++; at < len(names) {
			result += fmt.Sprintf("<IsTruncated>true</IsTruncated><Marker>%d</Marker>", at)
		} else {
			result += "<IsTruncated>false</IsTruncated>"
		}
		answer(w, action, result)
	case "ListAccessKeys":
		result := "<AccessKeyMetadata>"
		for _, k := range u.keys {
			result += "<member><AccessKeyId>" + k.id + "</AccessKeyId><Status>" + k.status + "</Status><CreateDate>" +
				k.made.UTC().Format(time.RFC3339) + "</CreateDate></member>"
		}
		answer(w, action, result+"</AccessKeyMetadata><IsTruncated>false</IsTruncated>")
	case "CreateAccessKey":
		if len(u.keys) == 2 {
			refuse(w, 409, "LimitExceeded")
			return
		}
		a.number++
		k := &accessKey{fmt.Sprintf("AKIANEW%013d", a.number), fmt.Sprintf("new/secret+%d", a.number), "Active", time.Now()}
		u.keys = append(u.keys, k)
		a.fresh[k.id] = a.late
		answer(w, action, "<AccessKey><AccessKeyId>"+k.id+"</AccessKeyId><SecretAccessKey>"+k.secret+"</SecretAccessKey><Status>Active</Status></AccessKey>")
	case "DeleteAccessKey", "UpdateAccessKey":
		for i, k := range u.keys {
			if k.id == form.Get("AccessKeyId") {
				if k.status = form.Get("Status"); action == "DeleteAccessKey" {
					u.keys = append(u.keys[:i:i], u.keys[i+1:]...)
				}
				answer(w, action, "")
				return
			}
		}
		refuse(w, 404, "NoSuchEntity")
	default:
		refuse(w, 400, "InvalidAction")
	}
}

func answer(w http.ResponseWriter, action, result string) {
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></%[1]sResponse>", action, result)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	var text strings.Builder
	_ = xml.EscapeText(&text, []byte("it says new/secret+1 and first/secret"))
	fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>r</RequestId></ErrorResponse>", code, text.String())
}
