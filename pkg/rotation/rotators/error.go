package rotators

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// An Error is why a step could not be done.
type Error struct {
	// Reason is for people, and is stored: it holds no value.
	Reason string
	// Permanent says that doing it again would not help: the settings are wrong, or something is missing.
	Permanent bool
	// cause may hold anything, and is shown to nobody.
	cause error
}

func (e *Error) Error() string { return e.Reason }

// Unwrap is the cause, to be asked with errors.Is and errors.As alone: its text may hold a value.
func (e *Error) Unwrap() error { return e.cause }

// Failed is an error that may pass.
func Failed(cause error, format string, args ...any) error {
	return &Error{Reason: fmt.Sprintf(format, args...), cause: cause}
}

// Wrong is an error that does not pass by itself.
func Wrong(cause error, format string, args ...any) error {
	return &Error{Reason: fmt.Sprintf(format, args...), Permanent: true, cause: cause}
}

// Network says, as the rest of a sentence about the other side, why it could not be spoken with, and what may help; what helps
// where nobody who is trusted signed its certificate is given. It is made of fixed words and names of hosts alone: the texts of
// clients' errors may hold what was sent.
func Network(err error, trust string) string {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		unchecked *tls.CertificateVerificationError
		lookup    *net.DNSError
		timeout   net.Error
	)
	switch {
	case errors.As(err, &authority):
		return "has a certificate that nobody who is trusted signed; " + trust
	case errors.As(err, &name):
		return "has a certificate for another name than " + name.Host + "; name it in the settings as its certificate does"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "has a certificate that is not valid now; renew it there"
	case errors.As(err, &invalid), errors.As(err, &unchecked):
		return "has a certificate that can't be trusted"
	case errors.As(err, &lookup):
		return "has a name that can't be looked up from here; is it right?"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "did not answer in time; does the network let it be reached from here?"
	case errors.Is(err, context.Canceled):
		return "was not waited for: the worker is ending"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refuses connections; are its address and port right, and does it listen there?"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "closed the connection"
	}
	return "can't be reached"
}
