// Package bench holds the benchmarks of the whole program: what "make bench" says of strongroom local, measured from
// outside, beside a server that does nothing.
package bench
