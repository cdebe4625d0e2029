// Command infra is the CDK app of Strongroom: it writes the CloudFormation templates of a deployment to AWS. One loop over
// the operation table (pkg/operation) makes, for each row, a Lambda function, its own role and log, and its route or
// trigger; one over the table of rotators (pkg/rotation) makes the workers. Tests take the templates apart again and compare
// them with the tables, both ways.
//
// # Commands
//
//	make synth STAGE=prod     writes the templates into infra/cdk.out, without credentials; AWS_REGION says for where
//	make prove STAGE=prod     the same, and shows from them what each function may do
//	make deploy STAGE=prod    deploys all stacks and writes their outputs to out/prod.json
//	make destroy STAGE=dev    removes them; refuses while there are secrets, unless FORCE=1, and where the data is retained
//	make test-infra           the tests of this module
//
// The data stack alone, for which no function need be built: "-c only=data" on the CDK's command line. Its template is
// infra/cdk.out/strongroom-<stage>-data.template.json and needs no asset and no other stack. "-c only=server" leaves the workers
// out.
//
// # What there is
//
//	strongroom-<stage>-data     the table, four KMS keys, the archive of seals (S3 with Object Lock), the event bus
//	strongroom-<stage>-server   the HTTP API, what watches the deployment, a KMS key for logs and alarms, and as nested stacks
//	                            Reading (GET), Writing (other methods) and Background (invoked, stream, schedules)
//	strongroom-<stage>-workers  a worker for each kind of rotator: function, role, queue, dead letters and the rule that fills it
//
// The server's stack holds nothing that can't be made anew. The organization's id is made at deployment: it is the UUID in
// the data stack's own id, in lower case, so that a second one can't be made by mistake.
//
// # Rights
//
// What a role may do is written by hand in statements.go from the row's Access: exact actions on exact ARNs; items bounded
// by their partition keys where the row names partitions; the storage key with this organization's encryption context; the
// table's key through DynamoDB alone. There is no managed policy and no wildcard but in names of the archive's objects and
// for X-Ray, which knows no resources. testdata/infra/grants.golden lists it all, and a change of it is a visible difference:
// "go test ./... -update" rewrites it. All roles of functions have the path /strongroom/server/, to whatever of which the
// client key's policy denies everything. The storage and the signing key's policies deny their use to everybody else.
//
// # Settings
//
// cdk.json has them by stage under "stages", every one of them in each stage: a setting that is left out is an error.
// "-c stage=prod" picks one; dev is meant otherwise.
//
//	region                where; empty for the one of your credentials
//	organization          empty: made at deployment. A UUID: that of the table which is restored into this deployment
//	retain                true: table, keys and archive outlive their stack, the table and the stacks are protected against
//	                      deletion. false: all goes with the stack, but for the bucket of the trail, which is yours to empty
//	memoryMB              of functions, 128 to 1769 (one CPU). CPU comes with it: 512 has a warm get-secret wait for DynamoDB
//	                      and not for itself; 256 is enough to try things, and cold starts are the same (measured from 128 on)
//	logDays               how long logs are kept
//	traces                whether functions send traces to X-Ray (API Gateway's HTTP APIs don't)
//	trail                 whether CloudTrail records changes in the account and invocations of functions: two alarms need it
//	                      (an Invoke that is not API Gateway's; calls that harm a key) unless the account has such a trail
//	sealLock, sealDays    how seals are locked: "compliance" (nobody removes one for so many days, the account's root neither),
//	                      "governance" (who has s3:BypassGovernanceRetention can), "none"
//	requestsPerSecond, burst
//	                      where API Gateway begins to answer 429, for all callers together
//	deniedPerFiveMinutes  how many requests that are denied are an alarm
//	alarmEmail            an address for alarms, which must be confirmed from there; empty: subscribe to AlarmTopic yourself
//	warmReads, warmWrites what the table takes from its first minute on, if more than DynamoDB's 12,000 and 4,000; charged once
//	multiRegionKeys       whether keys can be replicated; must be set from the beginning
//	replicas              regions that have a copy of the table, each with the ARN of the replica of the table key there
//	domain                a name of the API's own and an ACM certificate of the same region
//	workers               concurrency: how many rotations a worker does side by side at most, 2 to 1000. subnets and
//	                      securityGroups: where the workers for databases run. targets: what they may tell values that clients
//	                      encrypt, none at first; see below
//
// Not a setting: concurrency is not reserved, so that no operation takes it from another; timeouts are those of pkg/app.
//
// # What a deployer needs
//
// An AWS account, best one of Strongroom's own (see below) and one deployment in a region of it (metrics of two would be in
// one namespace); credentials that may assume the roles of the CDK's bootstrap stack; Go, Node 20 or newer and make. make
// deploy asks for the credentials and the bootstrap stack first, and says what to do where one is missing; it deploys the very
// templates that "strongroom prove" has looked at. Then the organization is made once, by who has lambda:InvokeFunction on
// the function that the outputs name:
//
//	strongroom init --outputs out/prod.json --name Example --owner alice
//
// Callers need execute-api:Invoke on the API, arn:aws:execute-api:<region>:<account>:<api>/$default/*, or less of it, and for
// client-encrypted projects what KMS asks of them, which "strongroom access grant" gives. "strongroom access iam-policy" prints
// a policy of no more than one project needs.
//
// # Rotation workers
//
// A worker is a client like any other: it has an IAM role, under /strongroom/workers/, which is not the server's path, and
// becomes a service account by that. init does it for all of them, by the outputs that name their roles (PostgresqlWorkerRole), and
// doctor says whether those of the rotations that are set are let in:
//
//	strongroom init --outputs FILE --workers
//	strongroom access grant service-account:worker-postgresql write PROJECT
//
// The last one is the whole of what opens a project to it, and revoking it ends that: Strongroom's grant, and with it the KMS
// grant by which the role decrypts with the client key in that project's encryption context. The role itself has no right to
// any key: one in its policy would open every project to whoever takes the worker over, and couldn't be seen or ended where
// other access is. (So --no-kms is not for workers.) It needs no more than write: values are encrypted under the project key
// that is there. If a secret's settings name others, an administrator's password say, it needs read on these.
//
// What comes to a worker's queue are notices "Rotation Due" of its rotator, which hold ids; the worker asks the API for the rest.
// A message may come twice, or late: the server gives a rotation to one worker at a time, and asks again where none came. All
// secrets of a kind share its workers.concurrency: targets that take their time, a minute of a service's or twelve of a function's,
// hold up the others of that kind, and the alarm Behind… tells of it. What a
// role may besides is in testdata/infra/grants.golden: take from its queue, the routes of operation.Workers, its log. Two
// rotators do something in AWS, and IAM lets them only where somebody put a tag:
//
//	iam-access-key   the keys of IAM users with the tag strongroom:secret, whose value is the secret's id
//	lambda           functions of this account and region with the tag strongroom:secret, whose value is the secret's id, or up to
//	                 six with spaces between; never Strongroom's own
//
// Any id will do for IAM, which doesn't know what is rotated; the worker sees for itself that it is the secret's, before it touches
// anything.
//
// Which rotator and which target a secret has, stands in its settings, which the server keeps. A worker so has a list of its own:
// values that clients encrypt are told to nothing but what workers.targets names, and where that is empty, as at first, rotations
// of client-encrypted secrets by postgresql, mysql and http fail, and those by lambda with includeValues, with a reason that says
// what to add. An entry is a host ("db.example.com", on every port), host:port, "*.example.com" for every name beneath that one, the
// ARN of a function as settings name it, or "*" for everything, which leaves it to the server. Deploy again after a change: nobody who
// manages secrets can make it.
//
// The workers for PostgreSQL and MySQL run in a VPC where the settings name subnets and security groups of one: databases mostly
// are in one. From these subnets they must reach the database (its security group lets theirs in), KMS (by an interface endpoint,
// com.amazonaws.<region>.kms, or a NAT gateway), and the API by a NAT gateway: HTTP APIs have no private endpoints, and an
// endpoint for execute-api with private DNS even hides the API's own address from the VPC, for which a domain of its own is the
// way round (https://repost.aws/knowledge-center/api-gateway-vpc-connections). SQS and CloudWatch Logs need no endpoint: Lambda
// itself takes messages and writes logs, outside of the VPC. Lambda makes the network interfaces in the role's name, and the
// function's own code is denied that. The other workers run outside: what they rotate is asked over the Internet or in AWS.
//
// A rotation that is given up is an alarm (RotationsFailed), and so is one for which no worker was asked ten minutes after it was
// due, or that nobody looks for those (RotationsLate); a worker that fails or does not keep up is one (Behind…, after an hour), and
// dead letters are.
//
// # A name of its own, and AWS WAF
//
// With a domain the API answers to that name only; DomainTarget, among the outputs, is what DNS must point to. AWS WAF can't
// be put before an HTTP API (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vs-rest.html), only before
// a CloudFront distribution that stands before it. Since requests are signed for the host that the client named, that
// distribution must have the same name and pass Host and Authorization on unchanged, with DomainTarget as its origin; then
// DNS points to CloudFront. Nobody is kept from asking DomainTarget with that Host directly, round the WAF: signatures,
// Strongroom's own rules and the throttle still hold there. None of this was tried for this document.
//
// # Several regions
//
// A replica is for recovery, not for a second place to write: DynamoDB's global tables replicate after the answer, have
// neither strong reads nor transactions across regions, and two functions can't read a replicated table's stream as freely
// (AWS advises one reader a shard there; Strongroom has two: expect throttled pollers). So: deploy with multiRegionKeys from
// the first day; replicate the four keys into the other region (kms:ReplicateKey, with the policies of the template); put
// the region and the ARN of the table key's replica under replicas; deploy again. To go on there, deploy the server with
// that region's table by hand of the templates, with organization set. That way back is not automated.
//
// # What an administrator can still do
//
// Whoever may change IAM or these stacks in the account can do as they like with server projects. What stops them is left to
// the organization that owns the account (an SCP that keeps everybody but the CDK's roles from /strongroom/server/* and from
// the keys' policies); what tells of them are alarms:
//   - invoke a function with a forged caller (lambda:InvokeFunction): alarm ForeignInvoke, with trail. Functions that nobody
//     waits for are not watched, which would cost more than they do: a forged batch of changes could make up who read what
//   - change a key's policy, replicate a key, disable it or schedule its deletion: rule KeyCalls, where a trail records changes;
//     deletion takes thirty days
//   - read the table: names and who may do what, no value; write it: grant themselves access, which sealed hours show
//   - change a function's code or a role: CloudTrail's event history has it, and no alarm of ours (IAM's events are in
//     us-east-1 alone)
//   - remove seals: not in "compliance"
//
// They can't read client-encrypted values unless they change the client key's policy or give themselves rights to it in IAM:
// the account decides about its key. Somebody has to, or a lost policy would be a lost key.
//
// # What a function that somebody has taken over can do
//
// What its role may, and no more: seal-events can sign, and no other; eleven can open what the storage key seals; create-secret
// can write secrets, and neither the organization's owners nor its data keys. But all that answer requests may put events, and
// IAM has no condition that says "only new ones": they could write over events of the last seventy minutes, before these are
// sealed. And who may write a project's or a secret's items may write all of their kinds, grants among them. A worker can do what
// its service account may: read and replace what it rotates, in the projects that were shared with it.
//
// # What it costs at rest
//
// List prices of us-east-1, to be checked before they are quoted; a month:
//
//	five KMS keys                       $5, plus $1 each for the first two yearly rotations of four of them
//	16 alarms, on 19 metrics            $1.90
//	the dashboard                       $3, the account's first three are free
//	the table                           $0.25 a GB, and $0.20 a GB for recovery to any second of 35 days
//	logs                                $0.50 a GB written, $0.03 a GB kept
//	trail                               $1 a million invocations, $0.50 a GB of its log; the first trail's changes are free
//	metrics that functions write        $5.70 and more, as pkg/metric reckons; two of filters $0.60
//	traces                              $5 a million
//	workers: 12 alarms                  $1.20
//	workers: Lambda asking six queues   $1.20; five pollers each, three long polls a minute (reckoned, not measured)
//
// The bucket of seals holds 24 objects a day, of a few kilobytes each; other queues, rules and the idle API cost nothing.
package main
