package rotation

// What two of the notices of rotations are called on the event bus, their detail-type: by the first, rules lead to workers.
const (
	// NoticeDue asks for a worker. Its detail has the kind of the rotator as "rotator": each kind has a worker of its own.
	NoticeDue = "Rotation Due"
	// NoticeFailed says that a rotation was given up.
	NoticeFailed = "Rotation Failed"
)
