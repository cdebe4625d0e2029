package rotation

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

// SecretTag is the tag of what a rotator changes or asks in AWS, an IAM user or a Lambda function, that names the secret which it is
// for: whoever may tag it has agreed to that. Without it, who manages any secret could have the worker, which may do more than they,
// make keys of a user or invoke a function that is somebody else's. IAM lets the worker touch what has such a tag, with what looks
// like ids; which id it is, the worker sees for itself.
const SecretTag = "strongroom:secret"

// MaxTagged is how many secrets one function may be for: as many ids as 256 characters have room for, with spaces between
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-tag.html).
const MaxTagged = 6

// Tagged says whether the value of the tag names a secret: it is the secret's id, or several with spaces between.
func Tagged(value string, secret uuid.UUID) bool {
	return slices.ContainsFunc(strings.Fields(value), func(id string) bool { return strings.EqualFold(id, secret.String()) })
}
