package app

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/envelope"
	"strongroom/pkg/metric"
)

var errKeys = errors.New("no keys here")

// noKeys is a key service and a key that signs, neither of which works.
type noKeys struct{}

func (noKeys) GenerateDataKey(context.Context, map[string]string) (envelope.DataKeyMaterial, error) {
	return envelope.DataKeyMaterial{}, errKeys
}
func (noKeys) Decrypt(context.Context, []byte, map[string]string) ([]byte, error) {
	return nil, errKeys
}
func (noKeys) ARN() string                                    { return "none" }
func (noKeys) Sign(context.Context, [32]byte) ([]byte, error) { return nil, errKeys }
func (noKeys) PublicKey(context.Context) ([]byte, error)      { return nil, errKeys }

// TestCallsOfKeysAreCounted whether or not they work, by whatever a function's options open.
func TestCallsOfKeysAreCounted(t *testing.T) {
	ctx, counts := metric.With(t.Context())
	keys, signer := countedKeys{noKeys{}}, countedSigner{noKeys{}}
	_, one := keys.GenerateDataKey(ctx, nil)
	_, two := keys.Decrypt(ctx, nil, nil)
	_, three := signer.Sign(ctx, [32]byte{})
	_, four := signer.PublicKey(ctx)
	for _, err := range []error{one, two, three, four} {
		if !errors.Is(err, errKeys) {
			t.Errorf("error %v", err)
		}
	}
	if got := counts.Values(); len(got) != 1 || got[0].Name != metric.KmsCalls || got[0].Value != 4 || signer.ARN() != "none" {
		t.Errorf("counted %v", got)
	}
}

func TestTheServiceHasCountedKeys(t *testing.T) {
	set := whole()
	opts := options{
		openKeys:   func(string, string, aws.CredentialsProvider, string) envelope.KeyService { return noKeys{} },
		openSigner: func(string, string, aws.CredentialsProvider, string) envelope.Signer { return noKeys{} },
	}
	e, err := readEnvironment(func(name string) string { return set[name] }, opts)
	if err != nil {
		t.Fatal(err)
	}
	c := config(e, opts)
	if _, ok := c.Keys.(countedKeys); !ok {
		t.Errorf("the keys are a %T", c.Keys)
	}
	if _, ok := c.Signer.(countedSigner); !ok {
		t.Errorf("the signer is a %T", c.Signer)
	}
}
