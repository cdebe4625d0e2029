package rotation

// A Kind names a rotator: what can be rotated, in settings and on the command line.
type Kind string

// The kinds of rotator.
const (
	PostgreSQL   Kind = "postgresql"
	MySQL        Kind = "mysql" // and MariaDB
	IAMAccessKey Kind = "iam-access-key"
	Random       Kind = "random"
	HTTP         Kind = "http"
	Lambda       Kind = "lambda"
)

// A Rotator is what is known of one kind.
type Rotator struct {
	Kind Kind
	// Summary is one line for people: what it rotates.
	Summary string
	// Where is what its steps are done at, for the reasons of failures; empty for nothing outside.
	Where string
	// Actions are the IAM actions that its worker needs in AWS, besides those of every worker: calling Strongroom's API and using
	// the client key.
	Actions []string
}

// Rotators lists every kind, one row each. A worker of its own serves each in AWS, and a folder under functions/workers.
var Rotators = []Rotator{
	{Kind: PostgreSQL, Where: "the database server", Summary: "the password of a PostgreSQL user, or of two that alternate"},
	{Kind: MySQL, Where: "the database server", Summary: "the password of a MySQL or MariaDB user, or of two that alternate"},
	{
		Kind: IAMAccessKey, Where: "AWS", Summary: "the access key of an IAM user",
		Actions: []string{"iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys", "iam:ListUserTags", "iam:UpdateAccessKey"},
	},
	{Kind: Random, Summary: "a random value, which nothing but its readers knows"},
	{Kind: HTTP, Where: "the service", Summary: "whatever a service of yours sets, asked by signed requests"},
	{
		Kind: Lambda, Where: "the function", Summary: "whatever a Lambda function of yours sets, in AWS Secrets Manager's four steps",
		Actions: []string{"lambda:InvokeFunction", "lambda:ListTags"},
	},
}

// Lookup is the row of that kind.
func (k Kind) Lookup() (Rotator, bool) {
	for _, r := range Rotators {
		if r.Kind == k {
			return r, true
		}
	}
	return Rotator{}, false
}

// Kinds names all kinds, in the order of the table.
func Kinds() []Kind {
	kinds := make([]Kind, len(Rotators))
	for i, r := range Rotators {
		kinds[i] = r.Kind
	}
	return kinds
}
