package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/webhook"
)

// A service that takes part in rotations: it checks the signature, does what is asked, and says why where it can't.
func ExampleNew() {
	const key = "whsec_c2VjcmV0LWtleS1vZi10aGlydHktYnl0ZXMtb3I="
	verifier, err := standardwebhooks.NewWebhook(key)
	if err != nil {
		panic(err)
	}
	password := "the first one"

	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil || verifier.Verify(body, r.Header) != nil { // which looks at the timestamp too
			http.Error(w, `{"error": "not signed by the key"}`, http.StatusUnauthorized)
			return
		}
		var request webhook.Request
		if err := json.Unmarshal(body, &request); err != nil {
			http.Error(w, `{"error": "not JSON"}`, http.StatusBadRequest)
			return
		}
		fmt.Println("asked for", request.Type)
		switch request.Type {
		case webhook.TypeCheck: // nothing is in the way
		case webhook.TypeSet:
			password = *request.Pending
		case webhook.TypeUndo:
			password = *request.Current
		case webhook.TypeTest:
			if password != *request.Pending {
				http.Error(w, `{"error": "that is not the password"}`, http.StatusServiceUnavailable)
			}
		default:
			http.Error(w, `{"error": "not known here"}`, http.StatusBadRequest)
		}
	}))
	defer service.Close()

	// What the worker does.
	keyID := uuid.New()
	settings, err := rotation.ParseSettings(rotation.HTTP, []byte(`{"url": "`+service.URL+`", "signingSecretId": "`+keyID.String()+`"}`))
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	rotator := webhook.New(webhook.Options{Now: time.Now, Loopback: true})
	task := &rotators.Task{Secret: uuid.New(), Rotation: uuid.New(), Settings: settings, Current: password, Further: map[uuid.UUID]string{keyID: key}}
	created, err := rotator.Create(ctx, task)
	if err != nil {
		panic(err)
	}
	task.Pending = &created.Value
	fmt.Println(rotator.Check(ctx, task), rotator.Test(ctx, task))
	fmt.Println(rotator.Set(ctx, task), rotator.Test(ctx, task), password == created.Value)
	// Output:
	// asked for rotation.check
	// asked for rotation.test
	// <nil> the service answers 503: that is not the password
	// asked for rotation.set
	// asked for rotation.test
	// <nil> <nil> true
}
