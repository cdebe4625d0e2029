package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"strongroom/pkg/rotation"
)

// Worker settings are those of the rotation workers.
type workerSettings struct {
	// Concurrency is how many rotations each worker does side by side, at most.
	Concurrency int `json:"concurrency"`
	// Subnets and SecurityGroups are where the workers for databases run, by id; without any, outside of VPCs, as the others.
	Subnets        []string `json:"subnets"`
	SecurityGroups []string `json:"securityGroups"`
	// Targets are what may be told values that clients encrypt, as rotation.ParseTargets has them.
	Targets []string `json:"targets"`
}

// mostTargets is how many bytes of targets there are at most: a function's environment has 4 KB for everything
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const mostTargets = 3000

// targets are those of the settings as workers are told them.
func (s workerSettings) targets() string { return strings.Join(s.Targets, ",") }

// What an event source mapping can be bounded to
// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html).
const (
	leastConcurrency = 2
	mostConcurrency  = 1000
)

var (
	subnetID        = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
	securityGroupID = regexp.MustCompile(`^sg-[0-9a-f]{8,17}$`)
)

func (s workerSettings) check() error {
	var problems []error
	if s.Concurrency < leastConcurrency || s.Concurrency > mostConcurrency {
		problems = append(problems, fmt.Errorf("workers.concurrency: %d is not from %d to %d", s.Concurrency, leastConcurrency, mostConcurrency))
	}
	if (len(s.Subnets) == 0) != (len(s.SecurityGroups) == 0) {
		problems = append(problems, errors.New("workers: name subnets and securityGroups, or leave both empty"))
	}
	for _, id := range s.Subnets {
		if !subnetID.MatchString(id) {
			problems = append(problems, fmt.Errorf("workers.subnets: %q is no id of a subnet", id))
		}
	}
	for _, id := range s.SecurityGroups {
		if !securityGroupID.MatchString(id) {
			problems = append(problems, fmt.Errorf("workers.securityGroups: %q is no id of a security group", id))
		}
	}
	for _, target := range s.Targets {
		if _, err := rotation.ParseTargets(target); err != nil || target == "" || strings.Contains(target, ",") {
			problems = append(problems, fmt.Errorf("workers.targets: %q is none; write a host, host:port, *.example.com, a Lambda function's ARN, "+
				"or * for all", target))
		}
	}
	if n := len(s.targets()); n > mostTargets {
		problems = append(problems, fmt.Errorf("workers.targets: they have %d bytes, and a function's environment has room for %d", n, mostTargets))
	}
	return errors.Join(problems...)
}
