// Package rotators has what every rotator shares: what a worker (package rotation/worker) asks of one ([Rotator]), on what
// ([Task]), how it says what went wrong ([Error]), how values are withheld from that ([Values]), and how a value that is a JSON object is changed ([SetMember]). The rotators
// are in the packages beneath, one a kind, so that a worker links the clients of its own kind alone; package rotation has their
// settings.
//
//	postgresql  the password of a user, or of two that alternate
//	mysql       the same for MySQL and MariaDB
//	iamkey      the access key of an IAM user
//	random      a random value
//	webhook     what a service sets, asked by signed requests
//	awslambda   what a Lambda function sets
package rotators
