package client

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/api"
)

// TestOnlyAServerOnThisMachineTellsTheTime: elsewhere it would say until when somebody is given access.
func TestOnlyAServerOnThisMachineTellsTheTime(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for url, want := range map[string]time.Time{
		"http://127.0.0.1:8787":      now.Add(1000 * time.Hour),
		"https://strongroom.example": now,
	} {
		c, err := New(Config{URL: url, AWS: aws.Config{Region: "us-east-1"}})
		if err != nil {
			t.Fatal(err)
		}
		c.now = func() time.Time { return now }
		c.keepTime(http.Header{api.NowHeader: {now.Add(1000 * time.Hour).Format(time.RFC3339Nano)}})
		c.keepTime(http.Header{})
		c.keepTime(http.Header{api.NowHeader: {"tomorrow"}})
		if got, err := c.Now(t.Context()); err != nil || !got.Equal(want) {
			t.Errorf("%s: it is %s, %v, want %s", url, got, err, want)
		}
	}
}

// TestTheTimeIsAskedFor where nothing was answered yet; that nobody answers is an error.
func TestTheTimeIsAskedFor(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c, err := New(Config{URL: server.URL, AWS: aws.Config{Region: "us-east-1"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Now(t.Context()); err == nil {
		t.Error("it is known without an answer")
	}
}
