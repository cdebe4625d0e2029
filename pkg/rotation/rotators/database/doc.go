// Package database rotates the password of a database's user, or of two that alternate, whatever the database: an [Engine] speaks
// with one kind. Packages postgresql and mysql have the engines.
//
// # Values
//
// A value is a JSON object with the members username and password; others are kept as they are. With one user, the password alone
// is a value too.
//
// # One user
//
// Its password is changed, by the admin or, where there is none, by the user itself. Whoever connects with the old one from then
// on until it has read the new one is refused; connections that stand go on. So a program must connect again with the value read
// anew, and that may fail from when the password is changed until the new version is current: a second or so.
//
// # Two users
//
// The value names one of the two; a rotation gives the other one a new password and makes that one the value, so that whoever has
// the old value goes on working until it is retired: then the old user's password becomes a random one that nobody keeps. Both
// users must be there, and have the same rights: say by one role that both are members of.
//
// # Crashes
//
// Set first tries whether the new password works already, Undo whether the old one does, and Retire may set one more random
// password: so each may be done again after it stopped anywhere. A try that is refused counts as a failed login, of which a server
// that locks users out should allow a few.
package database
