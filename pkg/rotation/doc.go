// Package rotation holds what a rotation is: how a secret is rotated ([Config]), when ([Schedule]), by which kind of rotator
// ([Kind] and [Settings]), and the states that one passes through ([Run]). It does no I/O: package secrets keeps a [Record] per
// secret and moves it by the methods here, and workers (package rotation/worker) do what it asks for.
//
// # The steps
//
// A rotation replaces a value and what the value opens, in an order that leaves a working value behind wherever it stops:
//
//	create   a worker makes a new value and stores it as the secret's pending version
//	set      the target, a database say, is told to take it
//	test     the worker uses it
//	finish   the pending version becomes the current one, the current one the previous
//	retire   the old value stops working, where it had gone on until then
//
// Each step may be done again: who comes back to one that was done finds it done. So a worker that dies anywhere is followed by
// another, which begins at the step that the run is in.
//
// # States
//
//	due       a worker is asked for; none has come yet
//	running   a worker holds the lease
//	waiting   the new value is current and the old one still works, for readers that have not come yet
//	done      over, and nothing is left to be done
//	failed    given up; the run's reason says why, and the secret's current version works, or the reason says that nobody knows
//
// One run at a time: whoever asks while one is under way is answered that one. What comes while one is under way has another
// follow it, unless its value is still to be made, or it is only the schedule.
//
// # Leases
//
// A worker claims a run under a lease id of its own making, and renews it while it works. Everything that it writes names the
// lease, and is refused once another worker has the run: so of two workers that race, one at a time writes, and what the other
// did in the target either was the same or is done again. A lease that ends unrenewed has the run asked for again, and none is
// renewed for longer than [MaxAttempt].
//
// # Failures
//
// A worker that fails says so, with a reason that holds no value. It is tried again after [Backoff], at most [MaxAttempts]
// times. The last attempt takes back what it did: it makes the current value work in the target, discards the pending version,
// and the run has failed. Where even that fails, or the last worker dies, the pending version stays, since the target may have it
// already: another run goes on with it, [MendAfter] later, or sooner when it is asked for. A run for which no worker comes within
// [NobodyCame] has failed too, and so has one that is set as this version of Strongroom does not take it.
//
// # Waiting for readers
//
// Where the target can have two values at a time (two users that alternate, two access keys), the old one goes on working when
// the new one is current. It is retired when everybody who read an older version within [Readers].Within has read the new one,
// and [Readers].Grace has passed since, or when [Readers].Deadline is over, whoever did not come. Whoever may not read the secret
// any more is not waited for. Until the old one is retired, no other rotation begins: it would take the old one's place. A run that
// fails to retire it tries again every [MendAfter], until it works no more or the rotation is deleted.
//
// A reader is a principal. A fleet that shares one has come when its first member has: Grace is for the others, and should be
// longer than it takes them to look for a new value.
package rotation
