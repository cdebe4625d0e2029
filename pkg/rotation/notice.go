package rotation

// What two of the notices of rotations are called on the event bus, their detail-type: by these, rules lead them on.
const (
	// NoticeDue asks for a worker. Its detail has the kind of the rotator as "rotator": each kind has a worker of its own.
	NoticeDue = "Rotation Due"
	// NoticeFailed says that a rotation was given up.
	NoticeFailed = "Rotation Failed"
)

// FunctionTag is the tag of a Lambda function that the rotator lambda may invoke, and FunctionTagged its value: in AWS, IAM
// refuses others, so that who manages a secret can't have the worker invoke what is not for that.
const (
	FunctionTag    = "strongroom:rotation"
	FunctionTagged = "true"
)
