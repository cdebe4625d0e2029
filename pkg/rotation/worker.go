package rotation

import "strings"

// Worker is what the worker of a kind is called in AWS: part of the names of its function and queues, and its service account.
func (k Kind) Worker() string { return "worker-" + string(k) }

// RoleOutput is the output of the workers' stack that has the ARN of the role of a kind's worker: "IamAccessKeyWorkerRole".
func (k Kind) RoleOutput() string {
	var name strings.Builder
	for word := range strings.SplitSeq(string(k), "-") {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String() + "WorkerRole"
}

// WorkerPath is the IAM path of the workers' roles. It is not the server's, to which the client key is closed.
const WorkerPath = "/strongroom/workers/"
