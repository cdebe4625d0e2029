package secrets_test

import (
	"fmt"
	"slices"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
)

// A final is what became of a secret.
type final struct {
	id       int
	exists   bool
	trashed  bool
	shown    answered
	versions []api.SecretVersion // newest first, with their values
}

// version is one of the versions; nil where there is none.
func (f final) version(number int64) *api.SecretVersion {
	if place := f.shown.version - number; place >= 0 && place < int64(len(f.versions)) {
		return &f.versions[place]
	}
	return nil
}

// checkFinal finds what was lost, done twice or left behind, by looking at what is stored when all is over.
func (r *rig) checkFinal() {
	for i := range r.secrets {
		f := r.final(i)
		if r.checkCopies(f); f.trashed || !f.exists {
			continue
		}
		r.checkVersions(f)
		r.checkAcknowledged(f)
	}
}

// final reads a secret and its versions. In the trash nobody sees it, so that is looked up in the table.
func (r *rig) final(i int) final {
	w, f := r.world, final{id: i}
	item, exists, err := w.Table().Get(w.Context(), secretItem(r.ids[i]))
	r.must(err)
	f.exists = exists
	if _, f.trashed = item.Attributes["trashed"]; f.trashed || !exists {
		return f
	}
	s, err := w.GetSecret(w.Context(), w.Owner, r.ids[i], nil)
	r.must(err)
	f.shown = shown(s)
	list, err := w.ListSecretVersions(w.Context(), w.Owner, r.ids[i], everything)
	r.must(err)
	for _, v := range list.Data {
		v, err = w.GetSecretVersion(w.Context(), w.Owner, r.ids[i], v.Version)
		r.must(err)
		f.versions = append(f.versions, v)
	}
	return f
}

func (r *rig) must(err error) {
	if err != nil {
		r.complain("afterwards: %v", err)
	}
}

// checkVersions: the numbers have no gap, the values are those that were asked for, each asked for once, and a restored
// one is that of the version that it was restored from.
func (r *rig) checkVersions(f final) {
	made := map[string]int64{}
	for i, v := range f.versions {
		if want := f.shown.version - int64(i); v.Version != want {
			r.complain("secret %d: version %d is listed where %d should be", f.id, v.Version, want)
			return
		}
		if v.Value == nil {
			r.complain("secret %d: version %d has no value", f.id, v.Version)
			return
		}
		if v.RestoredFrom != 0 {
			if from := f.version(v.RestoredFrom); from == nil || *from.Value != *v.Value {
				r.complain("secret %d: version %d is not what version %d was", f.id, v.Version, v.RestoredFrom)
			}
			continue
		}
		if before := made[*v.Value]; before != 0 {
			r.complain("secret %d: %s became version %d and version %d", f.id, *v.Value, v.Version, before)
		}
		made[*v.Value] = v.Version
	}
	if len(f.versions) != int(f.shown.version) {
		r.complain("secret %d: version %d is current, and %d are listed", f.id, f.shown.version, len(f.versions))
	}
}

// checkAcknowledged: a version that a client was told of is there, with the value that it sent and in its name.
func (r *rig) checkAcknowledged(f final) {
	for _, s := range r.steps {
		if s.secret != f.id || s.code != "" || s.answered.version == 0 {
			continue
		}
		v := f.version(s.answered.version)
		if v == nil || *v.Value != s.answered.value {
			r.complain("step %d: client %d was told of %s, which is not there", s.call, s.client, s.answered)
			continue
		}
		if s.op == operation.UpdateSecret && s.asked.value != "" && v.CreatedBy.Name != string(s.by) {
			r.complain("step %d: version %d was made by the %s, not by the %s", s.call, s.answered.version, v.CreatedBy.Name, s.by)
		}
	}
}

// checkCopies: lists and copies show what the secret is; in the trash it has none, and one entry there.
func (r *rig) checkCopies(f final) {
	w := r.world
	var want, listed, copied, everywhere []string
	if f.exists && !f.trashed {
		want = []string{fmt.Sprint(f.shown.name, f.shown.version)}
	}
	entries, err := w.ListProjectSecrets(w.Context(), w.Owner, r.project, secrets.ListSecrets{Page: everything})
	r.must(err)
	for _, e := range entries.Data {
		if e.ID == r.ids[f.id] {
			listed = append(listed, fmt.Sprint(e.Name, e.Version))
		}
	}
	values, err := w.GetProjectValues(w.Context(), w.Owner, secrets.GetProjectValues{Project: r.project})
	r.must(err)
	for _, v := range values.Data {
		if v.ID == r.ids[f.id] && v.Value == f.shown.value {
			copied = append(copied, fmt.Sprint(v.Name, v.Version))
		}
	}
	all, err := w.ListSecrets(w.Context(), w.Owner, w.Organization, secrets.ListSecrets{NamePrefix: r.firstName(f.id), Page: everything})
	r.must(err)
	for _, e := range all.Data {
		if e.ID == r.ids[f.id] {
			everywhere = append(everywhere, fmt.Sprint(e.Name, f.shown.version))
		}
	}
	for what, got := range map[string][]string{"entries": listed, "value copies": copied, "entries of the organization": everywhere} {
		if !slices.Equal(got, want) {
			r.complain("secret %d: %s %q, want %q", f.id, what, got, want)
		}
	}
	if n := r.trashEntries(f.id); n != 0 != f.trashed || n > 1 {
		r.complain("secret %d: %d entries in the trash", f.id, n)
	}
}

// trashEntries counts what is in the trash of a secret.
func (r *rig) trashEntries(i int) (n int) {
	q := table.Query{PK: "ORG#" + r.world.Organization.String() + "#TRASH"}
	found, err := r.world.Table().Query(r.world.Context(), q)
	r.must(err)
	for _, item := range found.Items {
		if string(item.Attributes["id"].([]byte)) == string(r.ids[i][:]) {
			n++
		}
	}
	return n
}

// everything is a page on which a history fits.
var everything = api.Page{Limit: 500}
