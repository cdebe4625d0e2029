package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

// A turning is how two locks were turned: what --output json shows of grant and revoke.
type turning struct {
	Principal api.GrantPrincipal `json:"principal"`
	Resource  string             `json:"resource"`
	// Before and Grant are what was granted in Strongroom, and what is now.
	Before *api.Grant `json:"before,omitempty"`
	Grant  *api.Grant `json:"grant,omitempty"`
	KMS    []keyStep  `json:"kms"`

	shareFlags
	principal api.Principal
	resource  resource
}

// What was done, or is to be, with a grant of KMS's.
const (
	keyMake    = "make"
	keyRemove  = "remove"
	keyMade    = "made"
	keyRemoved = "removed"
	keyKept    = "kept"
	keyFailed  = "failed"
)

// A keyStep is one grant of KMS's and what was done with it, or is to be.
type keyStep struct {
	Do         string   `json:"do"`
	Project    string   `json:"project"`
	ARN        string   `json:"arn"`
	Operations []string `json:"operations"`
	// For names principals of Strongroom.
	For []string `json:"for"`
	// Strange says that it is not as Strongroom makes them.
	Strange bool   `json:"strange,omitempty"`
	Error   string `json:"error,omitempty"`
}

func stepOf(do string, p client.Project, g client.KeyGrant) keyStep {
	return keyStep{Do: do, Project: p.Name, ARN: g.ARN, Operations: g.Operations(), For: append([]string{}, g.For...), Strange: g.Strange}
}

// words are the step in a table.
func (k keyStep) words() string {
	text := k.Do + " " + strings.Join(k.Operations, ", ")
	switch {
	case k.Error != "":
		return text + ": " + k.Error
	case k.Strange:
		return text + " (not as Strongroom makes them)"
	}
	return text
}

// turn turns KMS's lock after Strongroom's, and says of both what was done.
func (m *Main) turn(ctx context.Context, s *session, t turning) error {
	t.Principal, t.Resource, t.KMS = principalOf(t.principal), t.resource.name, []keyStep{}
	var failures []error
	for _, id := range t.resource.projects {
		if failed := m.turnProject(ctx, s, &t, id); failed != nil {
			failures = append(failures, failed)
		}
	}
	if err := m.show(s.settings, t.listing()); err != nil {
		return err
	}
	return together(failures)
}

// turnProject turns KMS's lock of one project. The error says what is left to be done.
func (m *Main) turnProject(ctx context.Context, s *session, t *turning, id uuid.UUID) error {
	p, err := s.Resolve(ctx, id.String())
	if err != nil {
		return t.half(id.String(), false, err)
	}
	if p.Encryption != api.EncryptionClient {
		return nil
	}
	if t.noKMS {
		m.sayf("KMS was left alone: `%s` prints the statement for IAM policies that do the same", pasted("access", "policy", p.Name))
		return nil
	}
	plan, err := t.plan(ctx, s, p)
	if err != nil {
		return t.half(p.Name, false, err)
	}
	done := len(t.KMS)
	opened, failures := t.apply(ctx, s, plan)
	m.warnOfWholeProject(t, p, t.KMS[done:])
	if len(failures) > 0 {
		return t.half(p.Name, opened, together(failures))
	}
	switch {
	case len(t.KMS) == done:
		m.sayNobody(t, p)
	case t.Grant != nil && t.Grant.ExpiresAt != nil:
		m.sayf("KMS ends nothing by itself: run `%s` after %s", pasted("access", "sync", p.Name), moment(*t.Grant.ExpiresAt))
	}
	return nil
}

// sayNobody says why KMS had nothing to do.
func (m *Main) sayNobody(t *turning, p client.Project) {
	who, again := t.principal, "`"+pasted("access", "sync", p.Name)+"`"
	switch {
	case t.Grant == nil && t.Before != nil:
		m.sayf("KMS had no grant for what Strongroom says are identities of %s", who.Name)
	case t.Grant == nil:
	case who.Role == access.RoleAuditor:
		m.sayf("%s is an auditor, to whom grants give nothing", who.Name)
	case who.Disabled != nil && *who.Disabled:
		m.sayf("%s is disabled: neither lock opens before that ends, and %s is run then", who.Name, again)
	case who.Kind == access.KindGroup:
		m.sayf("nobody in %s has an identity yet: run %s when somebody has", who.Name, again)
	default:
		m.sayf("%s has no identity yet: bind one, then run %s", who.Name, again)
	}
}

// plan is what is to be done with KMS's lock of a project.
func (t *turning) plan(ctx context.Context, s *session, p client.Project) (client.KeyPlan, error) {
	plan, err := s.KeyPlanner().PlanFor(ctx, p, t.resource.Resource, t.principal.ID)
	if err != nil {
		return plan, err
	}
	if t.Grant == nil { // which opens nothing: what other grants lack is for sync
		plan.Make = slices.DeleteFunc(plan.Make, func(g client.KeyGrant) bool {
			return !slices.ContainsFunc(plan.Remove, func(wider client.KeyGrant) bool { return wider.ARN == g.ARN })
		})
		plan.Refused = nil
	}
	return plan, t.checkARNs(plan)
}

// apply does what a plan says. opened says that nothing was left shut.
func (t *turning) apply(ctx context.Context, s *session, plan client.KeyPlan) (opened bool, failures []error) {
	opened = true
	for _, r := range plan.Refused {
		opened, failures = false, append(failures, r)
	}
	for _, g := range plan.Keep {
		t.KMS = append(t.KMS, stepOf(keyKept, plan.Project, g))
	}
	err := s.Apply(ctx, plan, func(g client.KeyGrant, made bool, err error) {
		step := stepOf(keyRemoved, plan.Project, g)
		if made {
			step.Do = keyMade
		}
		if err != nil {
			step.Do, step.Error = keyFailed, err.Error()
			opened, failures = opened && !made, append(failures, err)
		}
		t.KMS = append(t.KMS, step)
	})
	if err != nil && (len(failures) == 0 || ctx.Err() != nil) { // it ended before it was through
		opened, failures = false, append(failures, err)
	}
	for _, g := range plan.Left {
		failures = append(failures, fmt.Errorf("%s stays for %s, since grants of %s that you may not see may ask for it",
			strings.Join(g.Operations(), ", "), g.ARN, counted(plan.Unread, "resource", "resources")))
	}
	return opened, failures
}

// warnOfWholeProject says on standard error that KMS now opens more than the one secret that was granted, where it does.
func (m *Main) warnOfWholeProject(t *turning, p client.Project, steps []keyStep) {
	opens := slices.ContainsFunc(steps, func(k keyStep) bool { return k.Do == keyMade || k.Do == keyKept })
	if t.Grant != nil && t.resource.Secret != uuid.Nil && opens {
		m.sayf("KMS knows whole projects alone: it now unwraps the key of all of %s for %s, and Strongroom's lock alone keeps its other secrets",
			p.Name, t.principal.Name)
	}
}

// checkARNs holds what is to be made against what --arn names.
func (t *turning) checkARNs(plan client.KeyPlan) error {
	if len(t.arns) == 0 {
		return nil
	}
	known := map[string]bool{}
	for _, g := range append(slices.Clone(plan.Make), plan.Keep...) {
		known[g.ARN] = true
		if !slices.Contains(t.arns, g.ARN) {
			return &client.PinError{What: "an identity of " + t.principal.Name, Pinned: "as --arn says " + strings.Join(t.arns, ", "), Got: g.ARN}
		}
	}
	for _, arn := range t.arns {
		if !known[arn] {
			return &client.PinError{What: "an identity of " + t.principal.Name, Pinned: "as --arn says " + arn, Got: "that it is none, or none that opens anything"}
		}
	}
	return nil
}

// half says that one lock was turned and the other was not; opened, that the other is open, but more than it should be.
func (t *turning) half(project string, opened bool, err error) error {
	state := "allowed by Strongroom, not yet by KMS"
	switch {
	case t.Grant == nil:
		state = "refused by Strongroom from now on, not yet by KMS"
	case opened:
		state = "changed in Strongroom, and KMS allows more than that"
	}
	why := explain(err)
	exit := ExitError
	if why.exit == ExitDistrust {
		exit = ExitDistrust
	}
	return &exitError{exit, fmt.Errorf("%s: %w; run `%s`", state, why.err, pasted("access", "sync", project))}
}

// together is one error of one line for several; nil for none. Its exit status is that of the gravest: an answer that is
// not believed, else the first one's.
func together(errs []error) error {
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	exit := explain(errs[0]).exit
	lines := make([]string, len(errs))
	for i, err := range errs {
		lines[i] = err.Error()
		if explain(err).exit == ExitDistrust {
			exit = ExitDistrust
		}
	}
	return &exitError{exit, errors.New(strings.Join(lines, "; "))}
}

// listing shows the locks one by one.
func (t turning) listing() listing {
	l := listing{header: []string{"LOCK", "WHAT WAS DONE", "FOR"}, data: t}
	l.rows = append(l.rows, []string{"Strongroom", t.first(), noun(t.Principal.Kind) + " " + t.Principal.Name})
	for _, step := range t.KMS {
		words := step.words()
		if others := strings.Join(step.For, ", "); step.Do == keyKept && others != t.Principal.Name {
			words += " for " + others
		}
		l.rows = append(l.rows, []string{"KMS", words, step.ARN})
	}
	return l
}

// first says what was done with the first lock.
func (t turning) first() string {
	was := "nothing"
	if t.Before != nil {
		was = permission(*t.Before)
	}
	switch {
	case t.Grant != nil && was == permission(*t.Grant):
		return was + " as before"
	case t.Grant != nil && t.Before != nil:
		return permission(*t.Grant) + " instead of " + was
	case t.Grant != nil:
		return permission(*t.Grant) + " granted"
	case t.Before == nil:
		return "nothing was granted"
	}
	return was + " revoked"
}

func permission(g api.Grant) string {
	if g.ExpiresAt == nil {
		return g.Permission.String()
	}
	return g.Permission.String() + " until " + moment(*g.ExpiresAt)
}
