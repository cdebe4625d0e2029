package main

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// str, num and yes are how the CDK takes optional values.
func str(s string) *string { return jsii.String(s) }

func num(n int) *float64 { return jsii.Number(n) }

func yes(b bool) *bool { return jsii.Bool(b) }

// strs is a list of those strings.
func strs(values ...string) *[]*string { return jsii.Strings(values...) }

// list is a list of tokens.
func list(values ...*string) *[]*string { return &values }

func minutes(n int) awscdk.Duration { return awscdk.Duration_Minutes(num(n)) }

func days(n int) awscdk.Duration { return awscdk.Duration_Days(num(n)) }

// tls12 is the least version of TLS that buckets are asked with.
func tls12() *float64 { return jsii.Number(1.2) }

// sortedKeys are a map's keys in order, so that a template is the same each time.
func sortedKeys[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
