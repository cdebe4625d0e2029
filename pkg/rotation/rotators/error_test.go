package rotators_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"strongroom/pkg/rotation/rotators"
)

func TestNetworksFailInFixedWords(t *testing.T) {
	const secret = "hunter2"
	for _, c := range []struct {
		err  error
		want string
	}{
		{x509.UnknownAuthorityError{}, "has a certificate that nobody who is trusted signed; trust it"},
		{x509.HostnameError{Host: "db.example", Certificate: &x509.Certificate{DNSNames: []string{secret}}}, "has a certificate for another name than db.example; name it in the settings as its certificate does"},
		{x509.CertificateInvalidError{Reason: x509.Expired}, "has a certificate that is not valid now; renew it there"},
		{x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}, "has a certificate that can't be trusted"},
		{&net.DNSError{Name: secret}, "has a name that can't be looked up from here; is it right?"},
		{context.DeadlineExceeded, "did not answer in time; does the network let it be reached from here?"},
		{context.Canceled, "was not waited for: the worker is ending"},
		{syscall.ECONNREFUSED, "refuses connections; are its address and port right, and does it listen there?"},
		{io.ErrUnexpectedEOF, "closed the connection"},
		{syscall.ECONNRESET, "closed the connection"},
		{errors.New(secret), "can't be reached"},
	} {
		got := rotators.Network(fmt.Errorf("%s: %w", secret, c.err), "trust it")
		if got != c.want || strings.Contains(got, secret) {
			t.Errorf("%T: %q; want %q", c.err, got, c.want)
		}
	}
}

func TestAnErrorShowsItsReasonAlone(t *testing.T) {
	cause := errors.New("hunter2")
	for _, err := range []error{rotators.Failed(cause, "it is %s", "down"), rotators.Wrong(cause, "it is %s", "down")} {
		if text := fmt.Sprintf("%v %s %q", err, err, err); strings.Contains(text, "hunter2") || !errors.Is(err, cause) || err.Error() != "it is down" {
			t.Errorf("the error is %s", text)
		}
	}
}
