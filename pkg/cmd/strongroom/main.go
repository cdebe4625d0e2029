// Command strongroom is the one program that a person installs: it calls a Strongroom, and runs one on this machine for
// trying things. Package cli is its manual, as `strongroom help` is.
package main

import (
	"context"
	"os"

	"strongroom/pkg/cmd/strongroom/internal/cli"
)

func main() { os.Exit(run()) }

func run() int {
	m := cli.Main{
		Program: os.Args[0], Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Environ: os.Environ,
	}
	return m.Run(context.Background())
}
