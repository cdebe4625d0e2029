// Package workertest tries rotators as package rotation/worker uses them: with the server's side of one secret, on a clock that
// stands still, and processes that end before and after each effect in the target and each write to the server.
package workertest
