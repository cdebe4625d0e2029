package cli

import (
	"errors"
	"fmt"
	"strings"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	"strongroom/pkg/clientcrypto"
)

// An exitError is an error and the status that the program ends with. Without an error there is nothing to say.
type exitError struct {
	exit Exit
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("status %d", e.exit)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(format string, args ...any) *exitError {
	return &exitError{exit: ExitUsage, err: fmt.Errorf(format, args...)}
}

// explain gives an error the status that the program ends with, and its line what may help.
func explain(err error) *exitError {
	var (
		known    *exitError
		answered *client.Error
		invoked  *api.Error
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &answered):
		return &exitError{ExitError, fmt.Errorf("%w%s", err, hint(answered))}
	case errors.As(err, &invoked):
		return &exitError{ExitError, refused(invoked)}
	case is[*client.SetupError](err):
		return &exitError{ExitUsage, err}
	case is[*config.ContradictionError](err), is[*config.UnpinnedError](err), is[*client.PinError](err), is[*client.IdentityError](err), is[*client.StaleError](err), is[*client.ForeignKeyError](err), errors.Is(err, clientcrypto.ErrTampered),
		is[*clientcrypto.MalformedError](err), is[*clientcrypto.PlaceError](err), is[*clientcrypto.NoKeyError](err):
		return &exitError{ExitDistrust, err}
	case is[*config.UnwritableError](err):
		return usage("%w; what is believed is kept there: set STRONGROOM_CONFIG_DIR to a folder that you can write to", err)
	case is[*client.NoAnswerError](err):
		return &exitError{ExitNoAnswer, err}
	}
	return &exitError{ExitError, err}
}

// is says whether an error, or what it wraps, is of type E.
func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// hint is what an error line ends with: what is wrong with the other fields, or what may help.
func hint(e *client.Error) string {
	var b strings.Builder
	for _, d := range e.API.Details[min(1, len(e.API.Details)):] {
		fmt.Fprintf(&b, "; %s: %s", d.Field, d.Message)
	}
	switch e.API.Code {
	case api.CodeThrottled, api.CodeUnavailable:
		b.WriteString("; try again in a moment")
	case api.CodePreconditionFailed, api.CodeInvalid, api.CodeForbidden, api.CodeNotFound, api.CodeConflict, api.CodeTooLarge, api.CodeInternal:
	}
	fmt.Fprintf(&b, " (%d", e.Status)
	if e.API.RequestID != "" {
		b.WriteString(", request " + e.API.RequestID)
	}
	return b.String() + ")"
}
