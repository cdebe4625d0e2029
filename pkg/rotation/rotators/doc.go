// Package rotators has the rotators: what can be told to take a new value, one file a kind. A worker (package rotation/worker)
// calls their steps; package rotation has their settings.
package rotators
