// Package iamtest stands in for IAM and STS: an account whose users have access keys, as package iamkey asks about them.
package iamtest

import (
	"context"
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

// An Account stands in for IAM and STS, as their query APIs are
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html and its neighbours): it checks signatures, answers
// a page at a time, knows new keys late, and forgets none of what it was asked. Who reads or changes it while it is asked locks it.
type Account struct {
	URL string

	sync.Mutex
	Users map[string]*User
	// Late is how many requests by a new key are refused before it is known.
	Late  int
	fresh map[string]int
	// Asked are the actions that it was asked for.
	Asked []string
	// Fail answers that code to an action.
	Fail   map[string]string
	number int
}

// A User is an IAM user.
type User struct {
	Path string
	Tags map[string]string
	Keys []*AccessKey
}

// An AccessKey is one of a user's.
type AccessKey struct {
	ID, Secret, Status string
	Made               time.Time
	token              string
}

// Worker is the user whose keys alone may ask IAM.
const Worker = "worker"

// The worker's own key.
const (
	WorkerID     = "AKIAWORKERWORKERWORK"
	WorkerSecret = "the-workers-secret"
)

// New starts one that ends with the test. Its one user is the worker.
func New(t testing.TB) *Account {
	t.Helper()
	a := &Account{Users: map[string]*User{}, fresh: map[string]int{}, Fail: map[string]string{}}
	a.Users[Worker] = &User{Path: "/", Keys: []*AccessKey{{ID: WorkerID, Secret: WorkerSecret, Status: "Active", Made: time.Now()}}}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

// Employ has others' credentials be the worker's too.
func (a *Account) Employ(c aws.Credentials) {
	a.Lock()
	defer a.Unlock()
	u := a.Users[Worker]
	u.Keys = append(u.Keys, &AccessKey{ID: c.AccessKeyID, Secret: c.SecretAccessKey, token: c.SessionToken, Status: "Active", Made: time.Now()})
}

// Config is the worker's.
func (a *Account) Config() aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &a.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: WorkerID, SecretAccessKey: WorkerSecret}, nil
		}),
	}
}

// Key finds a key, and whose it is.
func (a *Account) Key(id string) (u *User, name string, k *AccessKey) {
	for name, u := range a.Users {
		for _, k := range u.Keys {
			if k.ID == id {
				return u, name, k
			}
		}
	}
	return nil, "", nil
}

func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.Lock()
	defer a.Unlock()
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
	var caller *AccessKey
	claim, err := sigv4.Rules{Service: service, Region: "us-east-1"}.Read(r, time.Now(), func(id string) (sigv4.Key, bool) {
		_, _, caller = a.Key(id)
		if caller == nil || caller.Status != "Active" || a.fresh[id] > 0 {
			a.fresh[id]--
			caller = nil
			return sigv4.Key{}, false
		}
		return sigv4.Key{ID: id, Secret: caller.Secret, SessionToken: caller.token}, true
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
	a.Asked = append(a.Asked, action)
	if code := a.Fail[action]; code != "" {
		refuse(w, 400, code)
		return
	}
	if service == "sts" {
		u, name, _ := a.Key(caller.ID)
		answer(w, action, fmt.Sprintf("<Arn>arn:aws:iam::111122223333:user%s%s</Arn><UserId>AIDAX</UserId><Account>111122223333</Account>", u.Path, name))
		return
	}
	if _, name, _ := a.Key(caller.ID); name != Worker {
		refuse(w, 403, "AccessDenied")
		return
	}
	u, ok := a.Users[form.Get("UserName")]
	if !ok {
		refuse(w, 404, "NoSuchEntity")
		return
	}
	a.do(w, action, u, form)
}

func (a *Account) do(w http.ResponseWriter, action string, u *User, form url.Values) {
	switch action {
	case "ListUserTags": // a page for each
		names := []string{"team", "strongroom:secret", "env"}
		at := 0
		_, _ = fmt.Sscan(form.Get("Marker"), &at)
		result := "<Tags>"
		if value, ok := u.Tags[names[at]]; ok {
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
		for _, k := range u.Keys {
			result += "<member><AccessKeyId>" + k.ID + "</AccessKeyId><Status>" + k.Status + "</Status><CreateDate>" +
				k.Made.UTC().Format(time.RFC3339) + "</CreateDate></member>"
		}
		answer(w, action, result+"</AccessKeyMetadata><IsTruncated>false</IsTruncated>")
	case "CreateAccessKey":
		if len(u.Keys) == 2 {
			refuse(w, 409, "LimitExceeded")
			return
		}
		a.number++
		k := &AccessKey{ID: fmt.Sprintf("AKIANEW%013d", a.number), Secret: fmt.Sprintf("new/secret+%d", a.number), Status: "Active", Made: time.Now()}
		u.Keys = append(u.Keys, k)
		a.fresh[k.ID] = a.Late
		answer(w, action, "<AccessKey><AccessKeyId>"+k.ID+"</AccessKeyId><SecretAccessKey>"+k.Secret+"</SecretAccessKey><Status>Active</Status></AccessKey>")
	case "DeleteAccessKey", "UpdateAccessKey":
		for i, k := range u.Keys {
			if k.ID == form.Get("AccessKeyId") {
				if k.Status = form.Get("Status"); action == "DeleteAccessKey" {
					u.Keys = append(u.Keys[:i:i], u.Keys[i+1:]...)
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
