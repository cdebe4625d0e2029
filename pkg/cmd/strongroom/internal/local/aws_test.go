package local

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"strongroom/pkg/awsarchive"
	"strongroom/pkg/awsbus"
	"strongroom/pkg/awskms"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
)

// The keys of the stand-in, and the bucket of its archive.
const (
	storageARN = "arn:aws:kms:us-east-1:" + worldAccount + ":key/storage"
	signingARN = "arn:aws:kms:us-east-1:" + worldAccount + ":key/signing"
	bucket     = "seals"
)

// An amazon stands in for AWS and reads, from the very requests that the SDK sends, which permissions of IAM they need: of
// DynamoDB's, which it passes on to DynamoDB Local, and of those of KMS, EventBridge and S3, which it answers itself.
type amazon struct {
	*httptest.Server
	t      testing.TB
	table  http.Handler
	keys   *secretstest.Keys
	signer *secretstest.Signer

	mutex   sync.Mutex
	needs   map[use]bool
	written []attributes
	objects map[string][]byte // in S3, by their paths
}

type attributes = map[string]map[string]any

// A tableRequest has what is read of a request to DynamoDB, whichever it is.
type tableRequest struct {
	IndexName                 string
	Key, Item                 attributes
	ExpressionAttributeValues attributes
	RequestItems              map[string]struct{ Keys []attributes }
	TransactItems             []map[string]struct{ Key, Item attributes }
}

func newAmazon(t testing.TB, keys *secretstest.Keys) *amazon {
	t.Helper()
	to, err := url.Parse(dynamotest.Endpoint(t))
	must(err)
	a := &amazon{
		t: t, keys: keys, signer: secretstest.NewSigner(), needs: map[use]bool{},
		table: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }},
	}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

// ServeHTTP answers one request of an SDK.
func (a *amazon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	must(err)
	r.Body = io.NopCloser(bytes.NewReader(body))
	service, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch service {
	case "DynamoDB_20120810":
		var in tableRequest
		must(json.Unmarshal(body, &in))
		a.noteTable(action, in)
		a.table.ServeHTTP(w, r)
	case "TrentService":
		a.answer(w, a.useKey(r, action, body))
	case "AWSEvents":
		a.need(use("events:" + action + " on the bus"))
		a.answer(w, map[string]any{"FailedEntryCount": 0, "Entries": []any{}})
	case "": // S3, which names an object in the path
		a.serveArchive(w, r, body)
	default:
		a.t.Errorf("a request to %q", r.Header.Get("X-Amz-Target"))
	}
}

// serveArchive is what S3 answers.
func (a *amazon) serveArchive(w http.ResponseWriter, r *http.Request, body []byte) {
	if !strings.HasPrefix(r.URL.Path, "/"+bucket+"/") {
		a.t.Errorf("%s %s is no request for an object of the archive", r.Method, r.URL.Path)
	}
	a.need(useArchive)
	a.mutex.Lock()
	defer a.mutex.Unlock()
	object, there := a.objects[r.URL.Path]
	switch {
	case r.Method == http.MethodPut && !there && r.Header.Get("If-None-Match") == "*":
		a.objects[r.URL.Path] = body
	case r.Method == http.MethodGet && there:
		_, err := w.Write(object) //nolint:gosec // of a stand-in for S3, whose only clients are these tests
		must(err)
	case r.Method == http.MethodGet:
		w.WriteHeader(http.StatusNotFound)
		_, err := io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
		must(err)
	default:
		a.t.Errorf("%s of an object that is there (%t)", r.Method, there)
	}
}

func (a *amazon) answer(w http.ResponseWriter, body any) {
	encoded, err := json.Marshal(body)
	must(err)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE(encoded)))
	_, err = w.Write(encoded)
	must(err)
}

func (a *amazon) need(what use) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.needs[what] = true
}

func text(value map[string]any) string { return fmt.Sprint(value["S"]) }

// needOn notes the permission for an action on an item.
func (a *amazon) needOn(action string, key attributes) {
	a.need(useOf(operation.TableAction("dynamodb:"+action), operation.PartitionOf(text(key["PK"]))))
	if action == "PutItem" || action == "DeleteItem" {
		a.mutex.Lock()
		defer a.mutex.Unlock()
		a.written = append(a.written, attributes{"PK": key["PK"], "SK": key["SK"]})
	}
}

// noteTable reads a request to DynamoDB. What it does not know fails the test: there may be a permission behind it.
func (a *amazon) noteTable(action string, in tableRequest) {
	switch action {
	case "GetItem", "DeleteItem":
		a.needOn(action, in.Key)
	case "PutItem":
		a.needOn(action, in.Item)
	case "BatchGetItem":
		for _, of := range in.RequestItems {
			for _, key := range of.Keys {
				a.needOn(action, key)
			}
		}
	case "Query":
		switch in.IndexName {
		case "":
			a.needOn(action, attributes{"PK": in.ExpressionAttributeValues[":pk"]})
		case "GSI1":
			a.need(useIndex1)
		case "GSI2":
			a.need(useIndex2)
		default:
			a.t.Errorf("a query of the index %s", in.IndexName)
		}
	case "TransactGetItems", "TransactWriteItems":
		for _, parts := range in.TransactItems {
			for kind, part := range parts { // Get, Put, Delete, ConditionCheck
				key := part.Key
				if kind == "Put" {
					key = part.Item
				}
				a.needOn(kind+"Item", key)
			}
		}
	default:
		a.t.Errorf("a request %s to DynamoDB", action)
	}
}

// useKey is what KMS answers.
func (a *amazon) useKey(r *http.Request, action string, body []byte) any {
	var in struct {
		KeyId                   string //nolint:revive // as AWS has it
		CiphertextBlob, Message []byte
		EncryptionContext       map[string]string
	}
	must(json.Unmarshal(body, &in))
	name := map[string]string{storageARN: "storage", signingARN: "signing"}[in.KeyId]
	a.need(useOfKey(operation.KeyAction("kms:"+action), name))
	switch action {
	case "Decrypt":
		plaintext, err := a.keys.Decrypt(r.Context(), in.CiphertextBlob, in.EncryptionContext)
		must(err)
		return map[string]any{"Plaintext": plaintext, "KeyId": in.KeyId}
	case "GenerateDataKey":
		made, err := a.keys.GenerateDataKey(r.Context(), in.EncryptionContext)
		must(err)
		return map[string]any{"Plaintext": made.Plaintext, "CiphertextBlob": made.Wrapped, "KeyId": in.KeyId}
	case "Sign":
		signature, err := a.signer.Sign(r.Context(), [sha256.Size]byte(in.Message))
		must(err)
		return map[string]any{"Signature": signature, "KeyId": in.KeyId}
	case "GetPublicKey":
		der, err := a.signer.PublicKey(r.Context())
		must(err)
		return map[string]any{"PublicKey": der, "KeyId": in.KeyId, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
	}
	a.t.Errorf("a request %s to KMS", action)
	return nil
}

// takeNeeds answers what was needed since the last time, and which items were written.
func (a *amazon) takeNeeds() (needs []use, written []attributes) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	needs, written = slices.Sorted(maps.Keys(a.needs)), a.written
	a.needs, a.written = map[use]bool{}, nil
	return needs, written
}

// An amazonWorld is the world in a table of DynamoDB.
type amazonWorld struct {
	*amazon
	plain *dynamodb.Client
	name  string
	items map[string]map[string]types.AttributeValue
}

func newAmazonWorld(t testing.TB, void bool) *amazonWorld {
	t.Helper()
	keys := secretstest.NewKeys()
	a := &amazonWorld{amazon: newAmazon(t, keys), items: map[string]map[string]types.AttributeValue{}}
	a.plain, a.name = dynamotest.New(t)
	if void {
		return a
	}
	b := &builder{t.Context(), worldService(dynamo.New(a.plain, a.name), keys, worldTime.Add(-builtBefore))}
	b.build()
	pages := dynamodb.NewScanPaginator(a.plain, &dynamodb.ScanInput{TableName: &a.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		must(err)
		for _, item := range page.Items {
			a.items[placeOf(item)] = item
		}
	}
	return a
}

func placeOf(item map[string]types.AttributeValue) string {
	return item["PK"].(*types.AttributeValueMemberS).Value + "\x00" + item["SK"].(*types.AttributeValueMemberS).Value
}

// restore makes what was written what it was before.
func (a *amazonWorld) restore(written []attributes) {
	for _, w := range written {
		key := map[string]types.AttributeValue{
			"PK": &types.AttributeValueMemberS{Value: text(w["PK"])}, "SK": &types.AttributeValueMemberS{Value: text(w["SK"])},
		}
		var err error
		if item, ok := a.items[placeOf(key)]; ok {
			_, err = a.plain.PutItem(a.t.Context(), &dynamodb.PutItemInput{TableName: &a.name, Item: item})
		} else {
			_, err = a.plain.DeleteItem(a.t.Context(), &dynamodb.DeleteItemInput{TableName: &a.name, Key: key})
		}
		must(err)
	}
}

// config is the world's, with the adapters that functions on Lambda have.
func (a *amazonWorld) config(now time.Time) secrets.Config {
	as := dynamotest.Credentials()
	c := worldConfig(dynamo.New(dynamo.NewClient(Region, a.URL, as), a.name), a.keys, now)
	c.Keys = awskms.Open(Region, a.URL, as, storageARN)
	c.Signer = awskms.OpenSigner(Region, a.URL, as, signingARN)
	c.Bus = awsbus.Open(Region, a.URL, as, "strongroom")
	c.Archive = awsarchive.Open(Region, a.URL, as, bucket)
	a.objects = map[string][]byte{}
	return c
}

// compare plays one step. What the SDKs send must need the permissions that the ports of the domain were seen to be used
// for. It answers these.
func (a *amazonWorld) compare(s step) (response, []use) {
	a.t.Helper()
	w := newWitness()
	w.works(s.operation)
	c := w.at(a.config(worldTime.Add(s.at)), func(err error) { a.t.Errorf("%s: %v", s.path(), err) })
	a.takeNeeds()
	answer := (&world{service: secrets.New(c)}).answer(a.t, s.sample)
	needs, written := a.takeNeeds()
	a.restore(written)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(w.seen[s.operation])), needs, cmpopts.EquateEmpty()); diff != "" {
		a.t.Errorf("%s: the permissions (-used +sent):\n%s", s.path(), diff)
	}
	return answer, needs
}

// TestEventsAreAnsweredInAWSAsBefore replays every event with the adapters of AWS: it is answered as over a file of bolt,
// and needs the permissions by which TestOperationsDoWhatTheirRowsDeclare goes. So rows are about what IAM sees.
func TestEventsAreAnsweredInAWSAsBefore(t *testing.T) {
	full, void := newAmazonWorld(t, false), newAmazonWorld(t, true)
	seen := map[string]bool{}
	note := func(needs []use) {
		for _, need := range needs {
			seen[actionOf(need)] = true
		}
	}
	for _, s := range samples(t) {
		a := full
		if isFirst(s) {
			a = void
		}
		got, needs := a.compare(step{sample: s})
		note(needs)
		if !*update {
			compareWithFile(t, filepath.Join(responsesFolder, s.path()), got)
		}
		if s.name == bases[s.operation] { // and where values are so new that what decides is read twice
			_, needs = a.compare(step{sample: s, at: time.Second - builtBefore})
			note(needs)
		}
		if s.operation == operation.SealEvents { // and where there is something to seal
			_, needs = a.compare(step{sample: s, at: 2 * time.Hour})
			note(needs)
		}
	}
	for _, row := range operation.Table {
		for _, what := range declared(row.Access) {
			if !seen[actionOf(what)] {
				t.Errorf("%s declares %s, and no request needs such a thing", row.Name, what)
			}
		}
	}
}

// actionOf is the action of a use, with no regard to on what.
func actionOf(what use) string {
	action, _, _ := strings.Cut(string(what), " on ")
	return action
}
