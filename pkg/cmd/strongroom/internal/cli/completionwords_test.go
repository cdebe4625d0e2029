package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUseIsTakenApart(t *testing.T) {
	none := map[string][]string{}
	for text, want := range map[string]use{
		"list":                        {choices: none},
		"show PROJECT":                {arguments: []string{"PROJECT"}, choices: none},
		"delete REF…":                 {arguments: []string{"REF"}, repeated: true, choices: none},
		"sync [PROJECT…] [--dry-run]": {arguments: []string{"PROJECT"}, repeated: true, choices: none},
		"list [PROJECT] [--prefix P]": {arguments: []string{"PROJECT"}, choices: none},
		"grant PRINCIPAL read|write|manage RESOURCE [--for TIME|--until TIME]": {
			arguments: []string{"PRINCIPAL", "read|write|manage", "RESOURCE"}, choices: none,
		},
		"move REF PROJECT [--keep|--remove]":                             {arguments: []string{"REF", "PROJECT"}, choices: none},
		"set REF [--file FILE] [--note TEXT] [--also PROJECT]…":          {arguments: []string{"REF"}, choices: none},
		"import FILE --project PROJECT [--yes]":                          {arguments: []string{"FILE"}, choices: none},
		"export --format env|json|k8s [--file FILE [--force]] [--skip]":  {choices: map[string][]string{"format": {"env", "json", "k8s"}}},
		"export --project PROJECT [--format env|json] [--file F [--no]]": {choices: map[string][]string{"format": {"env", "json"}}},
		"run --project PROJECT… [--prefix P] -- COMMAND [ARGUMENT]…":     {command: true, choices: none},
	} {
		if diff := cmp.Diff(want, parseUse(text), cmp.AllowUnexported(use{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// An argument that is called otherwise would be completed with names of files.
func TestEveryArgumentIsCalledByAKnownWord(t *testing.T) {
	words := (&Main{}).words()
	_, all := commands(t)
	known := 0
	for _, c := range all {
		for _, word := range parseUse(c.Use).arguments {
			if _, ok := words[word]; !ok && !choice.MatchString(word) && c.Name() != "help" {
				t.Errorf("%s has an argument %s, which words does not know", c.CommandPath(), word)
			}
			known++
		}
	}
	if known < 30 {
		t.Errorf("only %d arguments were found", known)
	}
}
