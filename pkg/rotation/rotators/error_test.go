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
		{x509.UnknownAuthorityError{}, "has a certificate that nobody who is trusted signed; name the certificates to trust"},
		{x509.HostnameError{Host: "db.example", Certificate: &x509.Certificate{DNSNames: []string{secret}}}, "has a certificate for another name than db.example"},
		{x509.CertificateInvalidError{Reason: x509.Expired}, "has a certificate that is not valid now"},
		{x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}, "has a certificate that can't be trusted"},
		{&net.DNSError{Name: secret}, "has a name that can't be looked up"},
		{context.DeadlineExceeded, "did not answer in time"},
		{context.Canceled, "was not waited for: the worker is ending"},
		{syscall.ECONNREFUSED, "refuses connections"},
		{io.ErrUnexpectedEOF, "closed the connection"},
		{syscall.ECONNRESET, "closed the connection"},
		{errors.New(secret), "can't be reached"},
	} {
		got := rotators.Network(fmt.Errorf("%s: %w", secret, c.err))
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
