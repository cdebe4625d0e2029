package access_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// A world is what a policy file has said so far. testdata/access/README.md describes the language.
type world struct {
	now        time.Time
	settings   access.Settings
	principals map[string]access.Principal
	projects   map[string]*thing
	secrets    map[string]*thing
	names      []string // every name, each followed by nothing: for putting names in the place of ids
}

// A thing is a project or a secret.
type thing struct {
	id       uuid.UUID
	live     bool
	grants   []access.Grant
	projects []string
}

func newWorld() *world {
	w := &world{principals: map[string]access.Principal{}, projects: map[string]*thing{}, secrets: map[string]*thing{}}
	w.now = clock("12:00")
	return w
}

// clock is a time of the one day on which all policy files play.
func clock(s string) time.Time {
	for _, layout := range []string{"15:04", "15:04:05", "15:04:05.000"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.AddDate(2026, 10, 22).UTC()
		}
	}
	panic(fmt.Sprintf("%q is no time of day", s))
}

// id makes the id of a name.
func id(name string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)) }

// state takes in a statement.
func (w *world) state(line string) error {
	words := strings.Fields(strings.ReplaceAll(line, ",", " "))
	verb, rest := words[0], words[1:]
	switch verb {
	case "now":
		w.now = clock(rest[0])
	case "members":
		w.settings.MembersCreateProjects = strings.Join(rest, " ") == "may create projects"
	case "user", "service", "group":
		w.addPrincipal(verb, rest)
	case "project", "secret":
		w.addThing(verb, rest)
	case "grant":
		return w.grant(rest)
	case "revoke":
		return w.revoke(rest)
	default:
		return fmt.Errorf("no statement begins with %q", verb)
	}
	return nil
}

func (w *world) addPrincipal(verb string, words []string) {
	p := access.Principal{ID: id(words[0])}
	w.names = append(w.names, words[0])
	switch verb {
	case "user":
		p.Kind = access.KindUser
	case "service":
		p.Kind = access.KindServiceAccount
	case "group":
		p.Kind = access.KindGroup
	}
	for i, word := range words[1:] {
		switch {
		case word == "disabled":
			p.Disabled = true
		case word == "in":
			for _, group := range words[i+2:] {
				p.Groups = append(p.Groups, w.principal(group).ID)
			}
			w.principals[words[0]] = p
			return
		default:
			p.Role = access.Role(word)
		}
	}
	w.principals[words[0]] = p
}

func (w *world) addThing(verb string, words []string) {
	t := &thing{id: id(words[0]), live: true}
	things := map[string]map[string]*thing{"project": w.projects, "secret": w.secrets}[verb]
	if _, known := things[words[0]]; !known {
		w.names = append(w.names, words[0])
	}
	for i, word := range words[1:] {
		switch word {
		case "trashed":
			t.live = false
		case "in":
			t.projects = words[i+2:]
		}
	}
	if known, ok := things[words[0]]; ok {
		t.grants = known.grants
	}
	things[words[0]] = t
}

// grant reads: WHO PERMISSION on project|secret NAME [until TIME].
func (w *world) grant(words []string) error {
	permission, err := access.ParsePermission(words[1])
	if err != nil {
		return err
	}
	t := w.thing(words[3], words[4])
	g := access.Grant{Principal: w.principal(words[0]).ID, Permission: permission}
	if len(words) > 5 {
		g.ExpiresAt = clock(words[6])
	}
	t.grants = append(t.grants, g)
	return nil
}

// revoke reads: WHO on project|secret NAME.
func (w *world) revoke(words []string) error {
	t := w.thing(words[2], words[3])
	before := len(t.grants)
	t.grants = slices.DeleteFunc(t.grants, func(g access.Grant) bool { return g.Principal == id(words[0]) })
	if len(t.grants) == before {
		return fmt.Errorf("%s has no grant on %s", words[0], words[3])
	}
	return nil
}

func (w *world) principal(name string) access.Principal {
	p, ok := w.principals[name]
	if !ok {
		panic("nobody is called " + name)
	}
	return p
}

func (w *world) thing(kind, name string) *thing {
	t, ok := map[string]map[string]*thing{"project": w.projects, "secret": w.secrets}[kind][name]
	if !ok {
		panic(fmt.Sprintf("no %s is called %s", kind, name))
	}
	return t
}

// project is the project called name; "nothing" is one that never was.
func (w *world) project(name string) *access.Project {
	if name == "nothing" {
		return nil
	}
	t := w.thing("project", name)
	return &access.Project{ID: t.id, Live: t.live, Grants: grants(t)}
}

func (w *world) secret(name string) *access.Secret {
	if name == "nothing" {
		return nil
	}
	t := w.thing("secret", name)
	s := &access.Secret{ID: t.id, Live: t.live, Grants: grants(t)}
	for _, project := range t.projects {
		s.Projects = append(s.Projects, *w.project(project))
	}
	return s
}

func grants(t *thing) access.Grants {
	list, err := access.NewGrants(t.grants...)
	if err != nil {
		panic(err)
	}
	return list
}

// ask answers a question with the words that a policy file has after the arrow.
func (w *world) ask(question string) string {
	words := strings.Fields(strings.ReplaceAll(question, ",", " "))
	switch words[0] {
	case "can":
		r, added := w.request(words[1:])
		return w.answer(access.Evaluate(r), added)
	case "could":
		r, added := w.request(words[1:])
		return w.answer(access.CouldDelete(r), added)
	case "rights":
		return w.rightsInWords(w.rights(words[1], words[3], words[4]))
	case "may":
		return w.mayGive(words[1:])
	}
	panic(fmt.Sprintf("no question begins with %q", words[0]))
}

// request reads: WHO ACTION [NAME] [in|to PROJECT…] [of PRINCIPAL], and answers the names after "in" or "to" too.
func (w *world) request(words []string) (access.Request, []string) {
	r := access.Request{Principal: w.principal(words[0]), Action: access.Action(words[1]), Settings: w.settings, Now: w.now}
	var added []string
	for i := 2; i < len(words); i++ {
		switch word := words[i]; {
		case word == "of":
			r.Subject = w.principal(words[i+1]).ID
			i++
		case word == "in" || word == "to":
			added = words[i+1:]
			i = len(words)
		case strings.Contains(strings.ToLower(words[1]), "project"):
			r.Project = w.project(word)
		default:
			r.Secret = w.secret(word)
		}
	}
	for _, name := range added {
		project := access.Project{}
		if p := w.project(name); p != nil {
			project = *p
		}
		r.Added = append(r.Added, project)
	}
	return r, added
}

func (w *world) answer(d access.Decision, added []string) string {
	record := w.inWords(d.String())
	var invisible []string
	for _, i := range d.Invisible {
		invisible = append(invisible, added[i])
	}
	switch {
	case d.Allowed:
		return "yes: " + record
	case !d.Visible:
		return "404 | " + record
	case len(invisible) > 0:
		return "404 naming " + strings.Join(invisible, ", ") + " | " + record
	}
	return "403: " + d.Missing + " | " + record
}

func (w *world) rights(who, kind, name string) access.Rights {
	if kind == "project" {
		return access.ProjectRights(w.principal(who), *w.project(name), w.now)
	}
	return access.SecretRights(w.principal(who), *w.secret(name), w.now)
}

func (w *world) rightsInWords(r access.Rights) string {
	var words []string
	for _, permission := range []access.Permission{access.Read, access.Write, access.Manage} {
		until, ok := r.Until(permission)
		switch {
		case ok != r.Has(permission):
			panic("Has and Until disagree")
		case !ok:
		case until.IsZero():
			words = append(words, permission.String())
		default:
			words = append(words, permission.String()+" until "+w.inWords(until.Format(time.RFC3339Nano)))
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

// mayGive reads: WHO give PERMISSION [until TIME] on project|secret NAME.
func (w *world) mayGive(words []string) string {
	permission, err := access.ParsePermission(words[2])
	if err != nil {
		panic(err)
	}
	g := access.Grant{Principal: id("somebody"), Permission: permission}
	if words[3] == "until" {
		g.ExpiresAt = clock(words[4])
	}
	n := len(words)
	if w.rights(words[0], words[n-2], words[n-1]).CoversGrant(g) {
		return "yes"
	}
	return "no"
}

var dated = regexp.MustCompile(`2026-11-23T(\d\d:\d\d)(:00Z|(:[0-9.]+)Z)`)

// inWords puts names in the place of ids, and times of day in the place of dates.
func (w *world) inWords(s string) string {
	for _, name := range w.names {
		s = strings.ReplaceAll(s, id(name).String(), name)
	}
	s = strings.ReplaceAll(s, uuid.Nil.String(), "nothing")
	return dated.ReplaceAllString(s, "$1$3")
}
