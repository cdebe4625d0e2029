// Package worker does rotations: it is what runs where a new value is made, told to its target, and proved. A worker is a client
// of Strongroom's like any other, with an identity of its own that may write the secrets it rotates: it decrypts and encrypts
// under the projects' keys, and the server never sees what it makes.
//
//	w := worker.Worker{Kind: rotation.PostgreSQL, Rotator: postgresql.New(), Server: server}
//	outcome, err := w.Rotate(ctx, secretID, rotationID)
//
// # A rotation
//
// That a rotation is due, a message says, which is a hint and no more: it may come twice, late, or to two workers. The worker
// claims the rotation under a lease of its own making, and who is refused has nothing to do ([Refused] is no error). Then it
// does the steps that package rotation names, from the first one that the rotation's pending version leaves to be done:
//
//	create    a new value is made, from the current one, and put as the pending version
//	set       the target is told to take it
//	test      the target works with it
//	finish    the pending version becomes the current one
//
// or, when everybody who read the old value has read the new one, retire: the old value stops working.
//
// Each step comes to the same when it is done again. So a worker that follows one that died does set and test again, whatever
// that one had told of itself.
//
// # The lease
//
// While it works, the worker renews its lease every [Beat], and before each step that reaches outside, and tells at which step it
// is. When the lease is lost, by an answer or because nothing was answered until shortly before its end, the context of all that
// the worker does ends with it, and it writes nothing more: another worker has the rotation. What the target was told before and
// does after that can't be called back; that steps are the same for everybody who does them is what makes it harmless. There is one
// exception: a process that stands still for longer than its lease, between looking at the context and sending, may set the one
// value in the target when others have settled on the other, or make a key that nobody knows of until the next rotation.
//
// # Failures
//
// A step that fails is tried again later, by whatever worker comes ([Retry]); where the old value does not work beside the new one,
// the target is told to take the old one again until then. On the last attempt, and where a rotator says that
// trying again would not help, what was done is taken back: the target takes the secret's current value again, and the pending
// version is discarded ([Discarded]). Where that fails too, the pending version stays, since the target may have it, and the next
// rotation goes on with it ([Failed]).
//
// Likewise what was done is taken back where somebody gave the secret another value meanwhile: that one is not overwritten. Where
// its name, projects or keys changed, the pending value is encrypted for them anew.
//
// When it is not known whether the pending version became the current one, since the answer was lost, nothing is taken back
// before it is: the worker waits until no request can be under way any more ([Settle]), and asks.
//
// # Time
//
// Lambda ends a function after 15 minutes at most (https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html). A
// worker stops its work a while before its context's deadline, or after [MaxWork], so that it can take back or report what it did;
// it begins none where too little time is left. One that is ended all the same leaves its lease to end, and another follows it.
//
// # Targets
//
// What rotations there are, by which rotator and with which settings, the worker is told by the server, and so by whoever has taken
// that over, or manages a secret without having the key of its project. So the worker has a list of its own (Worker.Targets): values
// that clients encrypt, the rotated secret's or those of others that its settings name, are told to nothing but what is on it. For
// another target none of them is read or made, and the rotation has failed ([Server.Clear]). The list is about what settings name and
// values are sent to ([rotation.Settings]): a database's host and port, a URL's, the ARN of a function that is sent values. Values that
// the server encrypts need no list, since it knows them, and neither do random values and access keys: no setting says where these go.
//
// What remains, for who rules the server: to have rotations made when nobody asked for them; to have one secret's value told to
// another secret's target, where both are on the list; to name users, test queries and certificates, of which the last help who is
// also in the network before a target of the list; to have a function of the account invoked that is tagged for rotations. A
// secret that it declares to be one whose values the server encrypts, in a project that is not pinned, gets new values that it
// knows; clients that have the project pinned refuse that one.
//
// # Reasons
//
// Why an attempt failed is stored and shown, and so holds no value: rotators write reasons of fixed words and names. As a second
// lock, every value that the worker handled is blanked out of a reason, as it stands and as JSON, URLs, base64 and hexadecimal
// digits would write it; of a reason that may hold a very short value, no more is said than what could not be
// done, and where. The note that rotators leave for those that follow is refused where it holds a value.
//
// # In AWS
//
// [Worker.Handle] takes the messages of the queue of one kind of rotator, which EventBridge puts there.
package worker
