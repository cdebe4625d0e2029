package main

import (
	"errors"
	"fmt"
	"regexp"
)

// Worker settings are those of the rotation workers.
type workerSettings struct {
	// Concurrency is how many rotations each worker does side by side, at most.
	Concurrency int `json:"concurrency"`
	// Subnets and SecurityGroups are where the workers for databases run, by id; without any, outside of VPCs, as the others.
	Subnets        []string `json:"subnets"`
	SecurityGroups []string `json:"securityGroups"`
}

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
	return errors.Join(problems...)
}
