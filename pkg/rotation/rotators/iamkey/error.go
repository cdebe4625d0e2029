package iamkey

import (
	"errors"

	"github.com/aws/smithy-go"

	"strongroom/pkg/rotation/rotators"
)

// code is that of an error of AWS's; empty for others, and for none.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// explain says in words of our own what went wrong when something was asked for. Codes are those of
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and the actions' own pages.
func explain(err error, action string) error {
	if err == nil {
		return nil
	}
	switch c := code(err); c {
	case "":
		return rotators.Failed(err, "AWS, asked for %s, %s", action, rotators.Network(err, "something stands between AWS and whoever asks"))
	case "AccessDenied", "AccessDeniedException":
		return rotators.Wrong(err, "whoever asks, the worker's role or who tries the settings, may not do %s for the user; allow that", action)
	case "NoSuchEntity":
		return rotators.Wrong(err, "there is no such IAM user; make it, and a first access key, or name another in the settings")
	case "LimitExceeded":
		return rotators.Failed(err, "the IAM user has two access keys, as many as IAM allows")
	case "Throttling", "ThrottlingException", "ServiceFailure", "ServiceUnavailable", "InternalFailure", "ConcurrentModification":
		return rotators.Failed(err, "AWS could not do %s just now", action)
	}
	return rotators.Failed(err, "AWS refuses %s", action)
}
