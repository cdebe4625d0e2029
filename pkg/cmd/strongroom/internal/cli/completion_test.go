package cli

import (
	"net"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
)

// likeAnID is a secret's name. Without its project it would name another one.
const likeAnID = "0190a1b2-0000-7000-8000-000000000001"

// completing makes programs that sign as the owner of a server with secrets in plain, and have their files in an empty folder.
func completing(t *testing.T, folder string) func(project string) *Main {
	t.Helper()
	s := localtest.Start(t)
	var me api.Me
	s.JSON(localtest.Request{Profile: local.Owner, Method: http.MethodGet, Path: "/me"}, http.StatusOK, &me)
	organization := "/organizations/" + me.OrganizationID.String()
	var projects api.List[api.Project]
	s.JSON(localtest.Request{Profile: local.Owner, Method: http.MethodGet, Path: organization + "/projects"}, http.StatusOK, &projects)
	plain := projects.Data[slices.IndexFunc(projects.Data, func(p api.Project) bool { return p.Name == "plain" })]
	for _, name := range []string{"DATABASE_URL", "DATABASE_USER", "TOKEN", "a/b", likeAnID} {
		body := map[string]any{"name": name, "value": "not a real one", "projectIds": []string{plain.ID.String()}}
		s.JSON(localtest.Request{Profile: local.Owner, Method: http.MethodPost, Path: organization + "/secrets", Body: body}, http.StatusCreated, nil)
	}
	group := map[string]any{"kind": "group", "name": local.Developer}
	s.JSON(localtest.Request{Profile: local.Owner, Method: http.MethodPost, Path: organization + "/principals", Body: group}, http.StatusCreated, nil)

	c := s.Credentials(local.Owner)
	for name, value := range map[string]string{ // what AWS's SDK reads itself
		"AWS_ACCESS_KEY_ID": c.AccessKeyID, "AWS_SECRET_ACCESS_KEY": c.SecretAccessKey, "AWS_SESSION_TOKEN": c.SessionToken,
		"AWS_REGION": local.Region, "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	return func(project string) *Main {
		environment := map[string]string{
			"STRONGROOM_URL": s.URL, "STRONGROOM_CONFIG_DIR": folder, "STRONGROOM_PROJECT": project,
			"AWS_REGION": local.Region, "AWS_ACCESS_KEY_ID": c.AccessKeyID,
		}
		return &Main{Getenv: func(name string) string { return environment[name] }}
	}
}

func TestNamesAreCompleted(t *testing.T) {
	folder := t.TempDir()
	program := completing(t, folder)
	m, within := program(""), program("plain")
	const noFile, noSpace = cobra.ShellCompDirectiveNoFileComp, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	for name, test := range map[string]struct {
		complete  completer
		begun     string
		want      []cobra.Completion
		directive cobra.ShellCompDirective
	}{
		"the projects of secrets":         {m.completeSecret, "", []string{"demo/", "payroll/", "plain/"}, noSpace},
		"one of them":                     {m.completeSecret, "pl", []string{"plain/"}, noSpace},
		"secrets":                         {m.completeSecret, "plain/", []string{"plain/DATABASE_URL", "plain/DATABASE_USER", "plain/TOKEN", "plain/a/b", "plain/" + likeAnID}, noFile},
		"some of them":                    {m.completeSecret, "plain/DATABASE_U", []string{"plain/DATABASE_URL", "plain/DATABASE_USER"}, noFile},
		"one with a slash":                {m.completeSecret, "plain/a/", []string{"plain/a/b"}, noFile},
		"none in a project that is not":   {m.completeSecret, "nowhere/", nil, noFile},
		"those of the settings' project":  {within.completeSecret, "T", []string{"TOKEN"}, noSpace},
		"those, besides a project":        {within.completeSecret, "", []string{"demo/", "payroll/", "plain/", "DATABASE_URL", "DATABASE_USER", "TOKEN"}, noSpace},
		"none that is named otherwise":    {within.completeSecret, "a", nil, noSpace},
		"where a new secret goes":         {m.completeHome, "d", []string{"demo/"}, noSpace},
		"not what it is called":           {m.completeHome, "plain/", nil, noFile},
		"resources":                       {m.completeResource, "p", []string{"payroll", "plain", "payroll/", "plain/"}, noSpace},
		"secrets as resources":            {m.completeResource, "plain/T", []string{"plain/TOKEN"}, noFile},
		"principals of two kinds by both": {m.completeAnyPrincipal, "", []string{"group:developer", "ci", "user:developer", "owner", "rotation"}, noFile},
	} {
		got, directive := test.complete(t.Context(), test.begun)
		slices.Sort(got)
		slices.Sort(test.want)
		if diff := cmp.Diff(test.want, got); diff != "" || directive != test.directive {
			t.Errorf("%s: directive %d, want %d (-want +got):\n%s", name, directive, test.directive, diff)
		}
	}
	if written, err := os.ReadDir(folder); len(written) > 0 || err != nil {
		t.Errorf("completion wrote %v: %v", written, err)
	}
}

// A terminal's cursor is not to be moved by a name, nor a shell to be given more than it can show.
func TestWhatIsOffered(t *testing.T) {
	names := func(yield func(string, error) bool) {
		for _, name := range []string{"a", "a\x1b[2J", "a\u202eb", "b", "ab"} {
			if !yield(name, nil) {
				return
			}
		}
		for yield("aa", nil) {
		}
	}
	got := offer("a", names)
	if diff := cmp.Diff([]string{"a", "ab", "aa"}, got[:3]); diff != "" || len(got) != maxOffered {
		t.Errorf("%d are offered, want %d (-want +got):\n%s", len(got), maxOffered, diff)
	}
}

// A server that takes connections and answers nothing keeps nobody waiting for longer than one that is not there.
func TestCompletionWaitsOnce(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-real-one", "AWS_REGION": local.Region,
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	environment := map[string]string{
		"STRONGROOM_URL": "http://" + silent.Addr().String(), "STRONGROOM_CONFIG_DIR": t.TempDir(), "STRONGROOM_PROJECT": "plain",
		"AWS_REGION": local.Region,
	}
	m := &Main{Getenv: func(name string) string { return environment[name] }}
	for name, complete := range map[string]completer{"a secret": m.completeSecret, "a resource": m.completeResource} {
		start := time.Now()
		offered, _ := complete(t.Context(), "T")
		if took := time.Since(start); len(offered) != 0 || took < completionPatience/2 || took > completionPatience*3/2 {
			t.Errorf("%s: %v are offered after %s, want none after %s", name, offered, took, completionPatience)
		}
	}
}
