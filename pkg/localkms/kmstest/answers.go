package kmstest

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// What several checks answer.
const (
	done       = "done"
	documented = "as documented"
	theKey     = "the key's ARN"
)

// typed are the errors that the client has types for, where an operation declares them.
var typed = map[string]func(error) bool{
	"DisabledException":             is[*types.DisabledException],
	"DryRunOperationException":      is[*types.DryRunOperationException],
	"IncorrectKeyException":         is[*types.IncorrectKeyException],
	"InvalidArnException":           is[*types.InvalidArnException],
	"InvalidCiphertextException":    is[*types.InvalidCiphertextException],
	"InvalidGrantTokenException":    is[*types.InvalidGrantTokenException],
	"InvalidKeyUsageException":      is[*types.InvalidKeyUsageException],
	"InvalidMarkerException":        is[*types.InvalidMarkerException],
	"KMSInternalException":          is[*types.KMSInternalException],
	"KMSInvalidSignatureException":  is[*types.KMSInvalidSignatureException],
	"NotFoundException":             is[*types.NotFoundException],
	"UnsupportedOperationException": is[*types.UnsupportedOperationException],
}

func is[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// outcome is the name of the error that KMS answered, which programs can match by its type where there is one.
func outcome(err error) string {
	if err == nil {
		return done
	}
	var answered smithy.APIError
	var response *smithyhttp.ResponseError
	switch {
	case errors.As(err, &answered):
	case errors.As(err, &response) && response.HTTPStatusCode() >= http.StatusInternalServerError:
		return fmt.Sprintf("status %d and no error of KMS", response.HTTPStatusCode())
	default:
		return "no answer of KMS: " + err.Error()
	}
	if typed := typed[answered.ErrorCode()]; typed != nil && !typed(err) {
		return answered.ErrorCode() + ", which the operation does not have"
	}
	return answered.ErrorCode()
}

// A field is a part of an answer.
type field struct {
	name      string
	got, want any
}

// unlike names the parts that are not as they should be.
func unlike(fields ...field) string {
	var names []string
	for _, f := range fields {
		if !reflect.DeepEqual(f.got, f.want) {
			names = append(names, f.name)
		}
	}
	if names == nil {
		return documented
	}
	return "otherwise: " + strings.Join(names, ", ")
}

// recent says whether a time is now, as near as clocks go.
func recent(at *time.Time) bool { return at != nil && time.Since(*at).Abs() < time.Minute }
