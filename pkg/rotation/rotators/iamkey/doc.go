// Package iamkey rotates the access key of an IAM user. A value is a JSON object with the members accessKeyId and secretAccessKey;
// others are kept as they are.
//
// # What the user must be
//
// It carries the tag strongroom:secret, whose value is the secret's id: else whoever may set up a rotation could have the worker
// make keys of any user. And it has one key, the current value's, when a rotation begins: IAM allows two
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). With old set to deactivate, a second key that is
// inactive is the one before, and is deleted then.
//
// # Crashes
//
// A key's secret is shown once, when it is made. So before one is made, a note is kept of the keys that there are; a worker that
// finds the note and a key that is not in it deletes that key, whose secret nobody knows, and makes another. A key that is made
// by hand within ten minutes of that may be taken for one.
//
// # Time
//
// IAM takes a while to make a key known everywhere (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html):
// the test step asks STS who the new key is of, for up to [Patience].
//
// # Leaks
//
// A key's id is told with the value that has it, so that a leak of the key is traced to the secret. The first key, which somebody
// made by hand, and one that somebody sets by hand later are known to nobody: the first rotation ends that.
package iamkey
