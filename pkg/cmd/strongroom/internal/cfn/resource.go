package cfn

import (
	"strings"
)

// A Resource is one of a template.
type Resource struct {
	ID, Type string
	stack    *stack
}

// Stack is the name of the resource's stack.
func (r Resource) Stack() string { return r.stack.name }

// Property is a property, filled in, or nil.
func (r Resource) Property(name string) any {
	value, ok := r.stack.template.Resources[r.ID].Properties[name]
	if !ok {
		return nil
	}
	if filled := r.stack.fill(value); !isGone(filled) {
		return filled
	}
	return nil
}

// Text is a property that is a text; empty without it.
func (r Resource) Text(name string) string {
	value := r.Property(name)
	if value == nil {
		return ""
	}
	return text(value)
}

// Label is how people find the resource: where it stands in the CDK's tree, as its metadata says it, or else its name.
func (r Resource) Label() string {
	if path, _ := r.stack.template.Resources[r.ID].Metadata["aws:cdk:path"].(string); path != "" {
		return strings.TrimSuffix(path, "/Resource")
	}
	return r.Name()
}

// Tags are the resource's tags.
func (r Resource) Tags() map[string]string {
	tags := map[string]string{}
	switch given := r.Property("Tags").(type) {
	case []any:
		for _, one := range given {
			if tag, ok := one.(map[string]any); ok {
				tags[text(tag["Key"])] = text(tag["Value"])
			}
		}
	case map[string]any:
		for key, value := range given {
			tags[key] = text(value)
		}
	}
	return tags
}

// A kind is what is known of a type of resource.
type kind struct {
	// name is the property with the name that the template may give it.
	name string
	// arn is the ARN after "arn:PARTITION:", with R, A and N for region, account and name.
	arn string
	// refIsARN says that Ref answers the ARN, and not the name.
	refIsARN bool
}

// kinds are the types of which ARNs are compared. The forms are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
var kinds = map[string]kind{
	"AWS::IAM::Role":                       {"RoleName", "iam::A:role/N", false},
	"AWS::IAM::User":                       {"UserName", "iam::A:user/N", false},
	"AWS::IAM::Group":                      {"GroupName", "iam::A:group/N", false},
	"AWS::IAM::ManagedPolicy":              {"ManagedPolicyName", "iam::A:policy/N", true},
	"AWS::KMS::Key":                        {"", "kms:R:A:key/N", false},
	"AWS::KMS::ReplicaKey":                 {"", "kms:R:A:key/N", false},
	"AWS::KMS::Alias":                      {"AliasName", "kms:R:A:N", false},
	"AWS::Lambda::Function":                {"FunctionName", "lambda:R:A:function:N", false},
	"AWS::DynamoDB::Table":                 {"TableName", "dynamodb:R:A:table/N", false},
	"AWS::DynamoDB::GlobalTable":           {"TableName", "dynamodb:R:A:table/N", false},
	"AWS::SQS::Queue":                      {"QueueName", "sqs:R:A:N", false},
	"AWS::SNS::Topic":                      {"TopicName", "sns:R:A:N", true},
	"AWS::S3::Bucket":                      {"BucketName", "s3:::N", false},
	"AWS::Logs::LogGroup":                  {"LogGroupName", "logs:R:A:log-group:N:*", false},
	"AWS::Events::Rule":                    {"Name", "events:R:A:rule/N", false},
	"AWS::Events::EventBus":                {"Name", "events:R:A:event-bus/N", false},
	"AWS::Scheduler::Schedule":             {"Name", "scheduler:R:A:schedule/default/N", false},
	"AWS::ApiGatewayV2::Api":               {"", "apigateway:R::/apis/N", false},
	"AWS::CloudWatch::Alarm":               {"AlarmName", "cloudwatch:R:A:alarm:N", false},
	"AWS::CloudTrail::Trail":               {"TrailName", "cloudtrail:R:A:trail/N", false},
	"AWS::CertificateManager::Certificate": {"", "acm:R:A:certificate/N", true},
}

// Name is the name that the template gives, or else one made of the stack's and the resource's.
func (r Resource) Name() string {
	if of, ok := kinds[r.Type]; ok && of.name != "" {
		if given := r.Text(of.name); given != "" {
			return given
		}
	}
	return r.stack.name + "-" + r.ID
}

// ARN is the resource's ARN. Of a type that is not known it is one that is like no other.
func (r Resource) ARN() string {
	if r.stack.arns[r.ID] == "" {
		r.stack.arns[r.ID] = r.makeARN()
	}
	return r.stack.arns[r.ID]
}

func (r Resource) makeARN() string {
	of, ok := kinds[r.Type]
	if !ok {
		of.arn = strings.ToLower(strings.NewReplacer("AWS::", "", "::", "-").Replace(r.Type)) + ":R:A:N"
	}
	name := r.Name()
	if r.Type == "AWS::IAM::Role" || r.Type == "AWS::IAM::User" || r.Type == "AWS::IAM::Group" || r.Type == "AWS::IAM::ManagedPolicy" {
		name = strings.TrimPrefix(r.IAMPath(), "/") + name
	}
	parts := strings.SplitN(of.arn, ":", 4)
	for i, part := range parts {
		switch {
		case i == 1 && part == "R":
			parts[i] = r.stack.pseudo("AWS::Region")
		case i == 2 && part == "A":
			parts[i] = r.stack.pseudo("AWS::AccountId")
		case i == 3:
			parts[i] = strings.Replace(part, "N", name, 1)
		}
	}
	return "arn:" + r.stack.pseudo("AWS::Partition") + ":" + strings.Join(parts, ":")
}

// Beside is the ARN of something else in the resource's account and region.
func (r Resource) Beside(service, name string) string {
	return strings.Join([]string{"arn", r.stack.pseudo("AWS::Partition"), service, r.stack.pseudo("AWS::Region"), r.stack.pseudo("AWS::AccountId"), name}, ":")
}

// IAMPath is the path of a user, role, group or policy: / without one.
func (r Resource) IAMPath() string {
	if path := r.Text("Path"); path != "" {
		return path
	}
	return "/"
}

// Ref is what Ref answers of the resource.
func (r Resource) Ref() string {
	if kinds[r.Type].refIsARN {
		return r.ARN()
	}
	return r.Name()
}

// Attribute is what Fn::GetAtt answers of the resource.
func (r Resource) Attribute(name string) string {
	switch name {
	case "Arn", "KeyArn", "TopicArn", "QueueArn", "FunctionArn", "PolicyArn":
		return r.ARN()
	case "StreamArn": // its label is the time of its making
		return r.ARN() + "/stream/" + symbol("label of the stream of "+r.Name())
	case "KeyId", "Name", "QueueName", "ApiId", "TopicName":
		return r.Name()
	}
	return symbol(r.Name() + "." + name)
}

// Is says whether a text names the resource: its ARN, its name, or its ARN with a version or alias behind it.
func (r Resource) Is(text string) bool {
	return text == r.Name() || text == r.ARN() || strings.HasPrefix(text, r.ARN()+":")
}
