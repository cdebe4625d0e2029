package secrets_test

import (
	"math"

	"strongroom/pkg/access"
	"strongroom/pkg/operation"
)

// checkRevocations finds values that were shown to the reader though every grant that could have allowed it was taken away
// before, by a revocation that was acknowledged: before the read began, or before the value shown was written (the "new
// enemy"). It knows nothing of the model: it looks at who was told what when.
func (r *rig) checkRevocations() {
	shown := r.steps.of(func(s step) bool { return s.by == reader && s.showsValue() })
	for _, s := range shown {
		since := max(s.call, r.written(s))
		allowed := r.grantedSince(s, since, operation.PutProjectAccess)
		if s.op != operation.GetProjectValues { // those need a grant on the project
			allowed = allowed || r.grantedSince(s, since, operation.PutSecretAccess)
		}
		if !allowed {
			r.complain("step %d: client %d was shown %s after the last grant was taken away (the value was written after %d)",
				s.call, s.client, s.answered, since)
		}
	}
}

// written is a moment before which the value that a step shows was not there: when the first operation began that could
// have made it.
func (r *rig) written(s step) int64 {
	first := int64(math.MaxInt64)
	for _, w := range r.steps {
		makes := w.secret == s.secret && w.asked.value == s.answered.value && (w.op == operation.CreateSecret || w.op == operation.UpdateSecret)
		if makes || w.secret == s.secret && w.op == operation.RestoreSecretVersion {
			if makes || w.unknown() || w.answered.value == s.answered.value {
				first = min(first, w.call)
			}
		}
	}
	if first == math.MaxInt64 {
		return 0
	}
	return first
}

// grantedSince says whether a grant of that kind may have been there at some moment from since on, before the step was over.
func (r *rig) grantedSince(s step, since int64, kind operation.Name) bool {
	mine := func(g step) bool {
		return g.op == kind && (kind == operation.PutProjectAccess || g.secret == s.secret)
	}
	for _, g := range r.steps.of(mine) {
		if g.asked.grant < access.Read || g.call > s.back || !g.unknown() && g.code != "" {
			continue
		}
		if len(r.steps.of(func(v step) bool {
			return mine(v) && v.asked.grant == 0 && v.code == "" && !g.unknown() && v.call > g.back && v.back < since
		})) == 0 {
			return true
		}
	}
	return false
}
