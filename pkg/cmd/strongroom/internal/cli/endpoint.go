package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
)

const (
	// signedFor is API Gateway's name as a service
	// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html).
	signedFor = "execute-api"
	// requestTimeout is longer than the 30 seconds after which API Gateway gives up.
	requestTimeout = 40 * time.Second
	// maxAnswer is more than any answer has, in bytes.
	maxAnswer = 16 << 20
)

// An endpoint is where Strongroom is, and whose requests go there.
type endpoint struct {
	base        *url.URL
	region      string
	credentials aws.CredentialsProvider
	client      *http.Client
}

// A reply is what was answered.
type reply struct {
	*http.Response
	body []byte
}

// endpoint reads the configuration. Its errors are usage's: nothing was sent yet.
func (m *Main) endpoint(ctx context.Context) (*endpoint, error) {
	base, err := parseBase(m.Getenv("STRONGROOM_URL"))
	if err != nil {
		return nil, err
	}
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, usage("the AWS configuration can't be used: %w", err)
	}
	if c.Region == "" {
		return nil, usage("no AWS region is set; set AWS_REGION to the one that Strongroom is in")
	}
	client := &http.Client{
		Timeout: requestTimeout,
		// A signature is for one address: following would send it elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &endpoint{base: base, region: c.Region, credentials: c.Credentials, client: client}, nil
}

// parseBase checks the URL. Values travel over it, so that it is https but on this machine.
func parseBase(text string) (*url.URL, error) {
	if text == "" {
		return nil, usage("STRONGROOM_URL is not set; set it to the URL of your organization's Strongroom, " +
			"or run `strongroom local` and then `eval \"$(strongroom local env developer)\"`")
	}
	base, err := url.Parse(text)
	switch {
	case err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, usage("STRONGROOM_URL is not the URL of a Strongroom; it looks like https://HOST or https://HOST/STAGE")
	case base.Scheme == "https", base.Scheme == "http" && isLoopback(base.Hostname()):
		return base, nil
	}
	return nil, usage("STRONGROOM_URL must begin with https:// ; http:// is for 127.0.0.1, [::1] and localhost alone")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// send signs a request and sends it once.
func (e *endpoint) send(ctx context.Context, r request) (*reply, error) {
	signed, err := e.sign(ctx, r)
	if err != nil {
		return nil, err
	}
	response, err := e.client.Do(signed)
	if err != nil {
		return nil, noAnswer("%s can't be reached: %w; is it running, and is STRONGROOM_URL right?", e.base, withoutURL(err))
	}
	defer response.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, noAnswer("the answer broke off: %w; a change may have been made all the same", withoutURL(err))
	}
	if len(body) > maxAnswer {
		return nil, noAnswer("the answer is longer than %d bytes, which no answer of Strongroom's is", maxAnswer)
	}
	return &reply{Response: response, body: body}, nil
}

func (e *endpoint) sign(ctx context.Context, r request) (*http.Request, error) {
	address := e.base.JoinPath(r.path)
	address.RawQuery = r.query.Encode()
	signed, err := http.NewRequestWithContext(ctx, r.method, address.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	signed.Header = r.header.Clone()
	if r.body != nil {
		signed.Header.Set("Content-Type", "application/json")
	}
	signed.Header.Set("User-Agent", "strongroom-cli")
	credentials, err := e.credentials.Retrieve(ctx)
	if err != nil {
		return nil, usage("no AWS credentials: %w; set AWS_PROFILE, or sign in with `aws sso login`", err)
	}
	hash := sha256.Sum256(r.body)
	err = v4.NewSigner().SignHTTP(ctx, credentials, signed, hex.EncodeToString(hash[:]), signedFor, e.region, time.Now())
	if err != nil {
		return nil, fmt.Errorf("signing the request: %w", err)
	}
	return signed, nil
}

// withoutURL leaves out of an error what net/http puts around it: the query holds names of secrets.
func withoutURL(err error) error {
	var around *url.Error
	if errors.As(err, &around) {
		return around.Err
	}
	return err
}
