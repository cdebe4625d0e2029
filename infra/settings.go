package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/google/uuid"
)

// Settings are what a deployment may differ in. cdk.json has them by stage, under "stages"; the package's comment says
// what they are for. Every one must be there: a setting that nobody wrote down is nobody's decision.
type settings struct {
	// Stage is the name under which the settings stand, and part of the stacks' names.
	Stage string `json:"-"`
	// Account is where to deploy; empty for wherever the template is taken to.
	Account string `json:"-"`
	// Only is "data" for the data stack alone, "server" for that and the server, without workers; empty for all.
	Only string `json:"-"`
	// Functions is the folder with a bootstrap for each operation.
	Functions string `json:"-"`

	Region               string            `json:"region"`
	Organization         string            `json:"organization"`
	Retain               bool              `json:"retain"`
	MemoryMB             int               `json:"memoryMB"`
	LogDays              int               `json:"logDays"`
	Traces               bool              `json:"traces"`
	Trail                bool              `json:"trail"`
	SealLock             string            `json:"sealLock"`
	SealDays             int               `json:"sealDays"`
	RequestsPerSecond    int               `json:"requestsPerSecond"`
	Burst                int               `json:"burst"`
	DeniedPerFiveMinutes int               `json:"deniedPerFiveMinutes"`
	AlarmEmail           string            `json:"alarmEmail"`
	WarmReads            int               `json:"warmReads"`
	WarmWrites           int               `json:"warmWrites"`
	MultiRegionKeys      bool              `json:"multiRegionKeys"`
	Replicas             map[string]string `json:"replicas"`
	Domain               domain            `json:"domain"`
	Workers              workerSettings    `json:"workers"`
}

// A domain is the API's own name, and the ARN of the certificate for it; both are empty where it has none.
type domain struct {
	Name        string `json:"name"`
	Certificate string `json:"certificate"`
}

// readSettings reads the settings of the stage that context names ("-c stage=prod"; without it, dev). Its error says
// everything that is wrong.
func readSettings(context func(*string) any, getenv func(string) string) (settings, error) {
	text := func(name, otherwise string) string {
		if value, ok := context(&name).(string); ok && value != "" {
			return value
		}
		return otherwise
	}
	stage := text("stage", "dev")
	stages, _ := context(str("stages")).(map[string]any)
	written, ok := stages[stage]
	if !ok {
		return settings{}, fmt.Errorf("cdk.json has no stage %q, but %q", stage, slices.Sorted(maps.Keys(stages)))
	}
	s, err := decodeSettings(written)
	if err != nil {
		return settings{}, fmt.Errorf("the settings of stage %s in cdk.json: %w", stage, err)
	}
	s.Stage, s.Only, s.Functions = stage, text("only", ""), text("functions", "../out")
	s.Account = getenv("CDK_DEFAULT_ACCOUNT")
	if s.Region == "" {
		s.Region = getenv("CDK_DEFAULT_REGION")
	}
	return s, s.check()
}

// decodeSettings turns what context holds into settings; it refuses names that it does not know and settings left out.
func decodeSettings(written any) (settings, error) {
	text, err := json.Marshal(written)
	if err != nil {
		return settings{}, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var s settings
	if err := decoder.Decode(&s); err != nil {
		return settings{}, err
	}
	var there, known map[string]json.RawMessage
	if err := json.Unmarshal(text, &there); err != nil {
		return settings{}, err
	}
	all, err := json.Marshal(s)
	if err != nil {
		return settings{}, err
	}
	if err := json.Unmarshal(all, &known); err != nil {
		return settings{}, err
	}
	for name := range known {
		if _, ok := there[name]; !ok {
			return settings{}, fmt.Errorf("%s is missing", name)
		}
	}
	return s, nil
}

// The most that AWS takes, or that makes sense.
const (
	leastMemory = 128
	mostMemory  = 1769 // one vCPU (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html); a request uses one
)

var (
	stageName  = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)
	regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
)

// check says everything that is wrong with the settings.
func (s settings) check() error {
	var problems []error
	must := func(holds bool, format string, args ...any) {
		if !holds {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	must(stageName.MatchString(s.Stage), "stage: %q is not up to 16 lower-case letters and digits, a letter first", s.Stage)
	must(regionName.MatchString(s.Region), "region: %q is none; set it in cdk.json, or AWS_REGION", s.Region)
	must(s.Only == "" || s.Only == "data" || s.Only == "server", `only: %q is neither "data" nor "server"`, s.Only)
	if s.Organization != "" {
		id, err := uuid.Parse(s.Organization)
		must(err == nil && id.String() == s.Organization, "organization: %q is no lower-case UUID; leave it empty for a new deployment", s.Organization)
	}
	must(s.MemoryMB >= leastMemory && s.MemoryMB <= mostMemory, "memoryMB: %d is not from %d to %d", s.MemoryMB, leastMemory, mostMemory)
	_, known := retentions[s.LogDays]
	must(known, "logDays: CloudWatch Logs keeps for %v days, not for %d", slices.Sorted(maps.Keys(retentions)), s.LogDays)
	must(slices.Contains([]string{lockCompliance, lockGovernance, lockNone}, s.SealLock), `sealLock: %q is none of "compliance", "governance" and "none"`, s.SealLock)
	must(s.SealLock == lockNone || s.SealDays > 0, "sealDays: %d is no number of days", s.SealDays)
	must(s.RequestsPerSecond > 0 && s.Burst > 0, "requestsPerSecond and burst: %d and %d let nobody in", s.RequestsPerSecond, s.Burst)
	must(s.DeniedPerFiveMinutes > 0, "deniedPerFiveMinutes: %d would always alarm", s.DeniedPerFiveMinutes)
	must((s.WarmReads == 0) == (s.WarmWrites == 0), "warmReads and warmWrites: set both, or leave both 0")
	must(s.WarmReads == 0 || s.WarmReads >= 12000 && s.WarmWrites >= 4000,
		"warmReads and warmWrites: a table has 12000 and 4000 from the beginning, and %d and %d are less", s.WarmReads, s.WarmWrites)
	must(len(s.Replicas) == 0 || s.MultiRegionKeys, "replicas: they need multiRegionKeys, which must be set from the beginning")
	for region := range s.Replicas {
		must(regionName.MatchString(region) && region != s.Region, "replicas: %q is no other region", region)
	}
	problems = append(problems, s.Workers.check())
	must((s.Domain.Name == "") == (s.Domain.Certificate == ""), "domain: it has a name and the ARN of a certificate, or neither")
	return errors.Join(problems...)
}

// name is what a thing of this deployment is called: strongroom-prod-get-secret.
func (s settings) name(of string) string { return "strongroom-" + s.Stage + "-" + of }
