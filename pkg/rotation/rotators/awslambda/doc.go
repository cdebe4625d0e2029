// Package awslambda rotates whatever a Lambda function of the user's sets, in the steps and with the event of AWS Secrets Manager's
// rotation functions (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html), so that
// those can be adapted.
//
// # What the function must be
//
// It carries the tag strongroom:secret, whose value is the id of the secret that it is for, or of several with spaces between, for
// whose ids an AWS tag has room up to six times; further ones take another function. The tag is the function's, whatever version or
// alias the settings name. Without it, whoever manages the rotation of any secret could have the worker, which may invoke more than
// they, ask a function for what it does to somebody else's. The tag is looked at before each step, and a function without it is
// asked for nothing; who may tag it (lambda:TagResource) says which secrets it serves:
//
//	aws lambda tag-resource --resource arn:aws:lambda:eu-central-1:111122223333:function:rotate --tags 'strongroom:secret=01980e5b-…'
//
// That is the worker's side. The function has its own: it is to do nothing but for the SecretId's that it knows, each of them bound
// in its code or its settings to one target, and to raise an error for every other one. For others than the worker may be allowed to
// invoke it; and with includeValues it is sent the values of the secret that the event names, so that a function of several must not
// take one's values to another's target.
//
// # The event
//
//	{
//	  "Step":               "setSecret",
//	  "SecretId":           "01980e5b-…",   the secret's id in Strongroom
//	  "ClientRequestToken": "01980e5c-…",   the rotation's id, the same in all its steps
//	  "Values": {                           with includeValues alone
//	    "AWSCURRENT":  "…",
//	    "AWSPENDING":  "…",
//	    "AWSPREVIOUS": "…"
//	  }
//	}
//
// # The steps
//
// The function is asked for each synchronously, and may be asked again after it did it or stopped anywhere in the middle: it must
// then come to the same.
//
//	createSecret   Nothing has to be done: the worker has made a value, by the settings' template and field, and stores it. A
//	               function that makes values itself answers {"value": "…"}, which is stored in its place. It may be asked again
//	               where that one was not stored: the answer that counts is the last.
//	setSecret      Make AWSPENDING work. As with AWS, see first whether it does already, and connect by AWSCURRENT if not.
//	testSecret     See whether AWSPENDING works.
//	finishSecret   A notice: AWSCURRENT is the new value now, AWSPREVIOUS the old one. Strongroom has moved the stages itself. It
//	               may not come, and failing changes nothing.
//	undoSecret     The rotation is given up: make AWSCURRENT work again, and AWSPENDING, if there is one, not. A function that does
//	               not know this step fails, as AWS's do for steps that they don't know; then the rotation has failed and the
//	               pending value is kept, and the next rotation goes on with it, as in AWS.
//	retireSecret   Make AWSPREVIOUS not work; AWSCURRENT works on. With keepsOld alone.
//
// # Where the values are
//
// A function that is a client of Strongroom reads them itself, under a service account that may read the secret: the current
// version, and the pending and the previous one by the numbers that list-secret-versions has for those stages. What it is sent
// holds no value then. For one that can't, includeValues puts them into the event, in place of what get_secret_value answers for
// each stage: they go from the worker to the function by TLS, and are in the function's log if it logs its event, which it must
// not.
//
// # Failures
//
// A function that raises an error is asked again later, with its whole rotation's patience. What its error says is shown in the
// rotation's reason, the first 200 bytes, with every value blanked out; not what createSecret's says, since a value may be in
// it that the worker does not know.
//
// Check invokes nothing: it looks at the tag, and asks AWS whether it could (DryRun).
package awslambda
