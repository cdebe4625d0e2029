package cli

import (
	"fmt"

	"github.com/google/uuid"

	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/dotenv"
)

// A plan is what an import has to write into a project, in the order of the file.
type plan struct {
	project client.Project
	writes  []write
	// created and changed are their names; same are those that are so already, and others is how many secrets of the
	// project the file does not name.
	created, changed, same []string
	others                 int
}

// A write is a secret that is to be made, if it has an id, or to get another value.
type write struct {
	name  string
	value client.Value
	id    uuid.UUID
}

// compare says what there is to be done for a project to have the entries.
func compare(project client.Project, entries []dotenv.Entry, secrets []client.Secret) plan {
	p := plan{project: project, created: []string{}, changed: []string{}, same: []string{}}
	there := make(map[string]client.Secret, len(secrets))
	for _, s := range secrets {
		there[s.Name] = s
	}
	ids := make([]uuid.UUID, len(entries))
	for i, e := range entries {
		ids[i] = there[e.Name].ID
	}
	filled := fillIDs(ids)
	for i, e := range entries {
		value := client.NewValue(e.Value)
		switch s, known := there[e.Name]; {
		case !known:
			p.created = append(p.created, e.Name)
			p.writes = append(p.writes, write{e.Name, value, filled[i]})
		case !s.Value.Equal(value):
			p.changed = append(p.changed, e.Name)
			p.writes = append(p.writes, write{name: e.Name, value: value})
		default:
			p.same = append(p.same, e.Name)
		}
	}
	p.others = len(secrets) - len(p.changed) - len(p.same)
	return p
}

// summary is the plan in a line.
func (p plan) summary() string {
	return fmt.Sprintf("%s: %d new, %d changed, %d unchanged, %d not in the file",
		p.project.Name, len(p.created), len(p.changed), len(p.same), p.others)
}

// A planData is a plan as --output json shows it: names, and how many secrets the file does not name.
type planData struct {
	Project   string   `json:"project"`
	New       []string `json:"new"`
	Changed   []string `json:"changed"`
	Unchanged []string `json:"unchanged"`
	Others    int      `json:"others"`
}

// listing is the plan without values.
func (p plan) listing() listing {
	l := listing{header: []string{"NAME", "CHANGE"}, data: planData{p.project.Name, p.created, p.changed, p.same, p.others}}
	for _, w := range p.writes {
		change := "new"
		if w.id == uuid.Nil {
			change = "changed"
		}
		l.rows = append(l.rows, []string{w.name, change})
	}
	return l
}
