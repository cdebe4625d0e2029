// Package bench holds the benchmarks of the whole program: what "make bench" says of strongroom local, measured from
// outside, beside a server that does nothing, and of functions as Lambda starts them, beside one that does nothing.
package bench
