package config

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
)

const (
	testURL = "https://h.example"
	testARN = "arn:aws:kms:eu-central-1:111122223333:key/0190a1b2-0000-4000-8000-000000000001"
	testID  = "0190a1b2-0000-7000-8000-000000000001"
)

func TestParseRefuses(t *testing.T) {
	pins := "[pins.'" + testURL + "']\n"
	project := "[pins.'" + testURL + "'.projects.demo]\n"
	whole := "id = '" + testID + "'\nencryption = 'client'\n"
	tests := map[string]struct {
		kind    kind
		content string
		line    string
		says    string
	}{
		"no TOML":                               {userFile, "profile = 'a'\n\nprofile", "f:3: ", "not TOML"},
		"a key twice":                           {userFile, "profile = 'a'\nprofile = 'a'", "f:2: ", "not TOML"},
		"a table twice":                         {userFile, pins + pins, "f:2: ", "not TOML"},
		"no UTF-8":                              {userFile, "profile = '\xff'", "f:1: ", "not TOML"},
		"an unknown key":                        {userFile, "# c\nprofiles = {}\nuser = 1\n", "f:3: ", `unknown key "user"; here may stand: pins, profile, profiles`},
		"a key in capitals":                     {userFile, "[profiles.default]\nURL = '" + testURL + "'", "f:2: ", `unknown key "URL"`},
		"an unknown setting":                    {userFile, "[profiles.default]\noutput = 'json'\ncolor = true", "f:3: ", `unknown key "color"; here may stand: aws_profile, output,`},
		"an unknown key in a line":              {userFile, "[profiles]\na = {output = 'json'}\nb = {color = 1}", "f:3: ", `unknown key "color"`},
		"an unknown key with a dot":             {userFile, "\nprofiles.a.color = 1", "f:2: ", `unknown key "color"`},
		"a profile that is no table":            {userFile, "profiles.a = 'b'", "f:1: ", `"a" must be a table`},
		"profiles that are no table":            {userFile, "[[profiles]]", "f:1: ", `"profiles" must be a table`},
		"a number for a text":                   {userFile, "[profiles.a]\nproject = 1", "f:2: ", "project must be a text in quotes"},
		"a text for a flag":                     {userFile, "[profiles.a]\nstrict = 'true'", "f:2: ", "strict must be true or false"},
		"a profile without name":                {userFile, "[profiles.'']", "f:1: ", "a profile's name must be 1 to 128 bytes"},
		"another output":                        {userFile, "[profiles.a]\noutput = 'xml'", "f:2: ", `output must be table or json, not "xml"`},
		"a URL that is none":                    {userFile, "[profiles.a]\nurl = 'h.example'", "f:2: ", "url must be the URL of a Strongroom"},
		"a URL of plain http":                   {userFile, "[profiles.a]\nurl = 'http://h.example'", "f:2: ", "url must begin with https://"},
		"an empty region":                       {userFile, "[profiles.a]\nregion = ''", "f:2: ", "region must be an AWS region"},
		"an AWS profile with escapes":           {userFile, "[profiles.a]\naws_profile = \"\\u001b\"", "f:2: ", "aws_profile must be the name of an AWS profile"},
		"a project with a hidden letter":        {userFile, "[profiles.a]\nproject = \"a\\u200bb\"", "f:2: ", "U+200B"},
		"a choice of profile, in a repository":  {repositoryFile, "\nprofile = 'a'", "f:2: ", `unknown key "profile"; here may stand: pins, profiles`},
		"a choice of profile, in pins.toml":     {pinsFile, "profile = 'a'", "f:1: ", `unknown key "profile"; here may stand: pins`},
		"a profile, in pins.toml":               {pinsFile, "[profiles.a]", "f:1: ", `unknown key "profiles"`},
		"pins of what is no URL":                {pinsFile, "[pins.demo]", "f:1: ", "the URL must be"},
		"pins of a URL with a password":         {pinsFile, "[pins.'https://a:marked@h']", "f:1: ", "the URL must be"},
		"an unknown pin":                        {pinsFile, pins + "key = 'x'", "f:2: ", `unknown key "key"; here may stand: client_key, organization, projects`},
		"an organization that is no UUID":       {pinsFile, pins + "organization = 'x'", "f:2: ", "organization must be a UUID in lower case"},
		"an organization in capitals":           {pinsFile, pins + "organization = '" + strings.ToUpper(testID) + "'", "f:2: ", "organization must be a UUID"},
		"an organization in braces":             {pinsFile, pins + "organization = '{" + testID + "}'", "f:2: ", "organization must be a UUID"},
		"an organization of zeros":              {pinsFile, pins + "organization = '" + uuid.Nil.String() + "'", "f:2: ", "organization must be a UUID"},
		"a client key that is an alias":         {pinsFile, pins + "client_key = 'arn:aws:kms:eu-central-1:111122223333:alias/strongroom'", "f:2: ", "client_key must be the ARN of a KMS key"},
		"a client key of another service":       {pinsFile, pins + "client_key = '" + strings.Replace(testARN, "kms", "iam", 1) + "'", "f:2: ", "client_key must be"},
		"a client key and a line end":           {pinsFile, pins + `client_key = "` + testARN + `\n"`, "f:2: ", "client_key must be"},
		"projects that are a list":              {pinsFile, pins + "projects = []", "f:2: ", `"projects" must be a table`},
		"a project without id":                  {pinsFile, pins + "\n" + project + "encryption = 'client'", "f:3: ", `the pin of the project "demo" needs id and encryption`},
		"a project without encryption":          {pinsFile, project + "id = '" + testID + "'", "f:1: ", "needs id and encryption"},
		"a project of another encryption":       {pinsFile, project + "id = '" + testID + "'\nencryption = 'none'", "f:3: ", `encryption must be client or server, not "none"`},
		"a project and more":                    {pinsFile, project + whole + "key = 'x'", "f:4: ", `unknown key "key"; here may stand: encryption, id`},
		"a project of a name that can't be":     {pinsFile, strings.Replace(project, "demo", `"e\u0301"`, 1) + whole, "f:1: ", "a project's name must be 1 to 128 bytes"},
		"too long":                              {userFile, strings.Repeat("#\n", maxFile/2+1), "f is longer than 1048576 bytes", ""},
		"a long unknown key":                    {userFile, strings.Repeat("k", 1000) + " = 1", "f:1: ", "unknown key"},
		"a deep unknown key":                    {userFile, strings.Repeat("k.", 10_000) + "k = 1", "f:1: ", "unknown key"},
		"a deep unknown table in a known place": {pinsFile, project + whole + "[pins.'" + testURL + "'.projects.demo.a.b.c.d]", "f:4: ", `unknown key "a"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parse("f", []byte(test.content), test.kind)
			if err == nil || !strings.HasPrefix(err.Error(), test.line) || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v", err)
			}
			if len(err.Error()) > 300 || strings.Contains(err.Error(), "marked") || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("got %q", err)
			}
		})
	}
}

// What a file says may be written in many ways; it is the same, and so are the lines.
func TestParseFindsLines(t *testing.T) {
	whole := "id = '" + testID + "'\nencryption = 'server'\n"
	tests := map[string]struct{ content, url, key, project string }{
		"tables": {
			"\n[pins.'https://H.example/']\nclient_key = '" + testARN + "'\n\n[pins.'https://H.example/'.projects.'de\"mo']\n" + whole,
			"f:2", "f:3", "f:5",
		},
		"the inner table first": {
			"[pins.'" + testURL + "'.projects.'de\"mo']\n" + whole + "[pins.'" + testURL + "']\nclient_key = '" + testARN + "'\n",
			"f:1", "f:5", "f:1",
		},
		"a table in a line": {
			"[pins.'" + testURL + "']\nclient_key = \"\"\"\\\n" + testARN + "\"\"\"\n" +
				"projects.\"de\\\"mo\" = {id = '" + testID + "', encryption = 'server'}\n",
			"f:1", "f:2", "f:4",
		},
		"dots, and lines that end as in Windows": {
			"[pins]\r\n# nothing\r\n'" + testURL + "'.\"client\\u005fkey\" = '" + testARN + "'\r\n\r\n'" +
				testURL + "'.projects.'de\"mo'.id = '" + testID + "'\r\n'" + testURL + "'.projects.'de\"mo'.encryption = 'server'\r\n",
			"f:3", "f:3", "f:5",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := parse("f", []byte(test.content), pinsFile)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]claim{
				"url":     {testURL, Pins{}, test.url},
				"key":     {testURL, Pins{ClientKey: testARN}, test.key},
				"project": {testURL, Pins{Projects: map[string]ProjectPin{`de"mo`: {uuid.MustParse(testID), api.EncryptionServer}}}, test.project},
			}
			got := map[string]claim{}
			for _, c := range d.claims {
				switch {
				case c.pins.ClientKey != "":
					got["key"] = c
				case len(c.pins.Projects) > 0:
					got["project"] = c
				default:
					got["url"] = c
				}
			}
			if d := cmp.Diff(want, got, cmp.AllowUnexported(claim{})); d != "" {
				t.Error(d)
			}
		})
	}
}

// FuzzParse looks for a panic, for an error that doesn't say where, and for pins that are not read back as they are
// written.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"profile = 'work'\n[profiles.work]\nurl = 'https://h'\nstrict = true\n",
		"[pins.'https://h']\norganization = '" + testID + "'\nclient_key = '" + testARN + "'\n",
		"[pins.'https://h'.projects.'a\"\\ü']\nid = '" + testID + "'\nencryption = 'server'\n",
		"pins = {'https://h' = {projects = {\"\\\"\\\\x\" = {id = '" + testID + "', encryption = 'client'}}}}",
		"a.b.c.d.e.f.g = [{h = 1}, {i = {j = 2}}]\n[[k]]\n[k.l]\n", "\xef\xbb\xbfprofile = \"\"\"\n\\\n x\"\"\"", "[profiles.a]\r\nproject = '''b'''\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		d, err := parse("f", content, userFile)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f:") && !strings.HasPrefix(err.Error(), "f is longer") || strings.HasPrefix(err.Error(), "f:0") {
				t.Errorf("got %v", err)
			}
			return
		}
		for _, c := range d.claims {
			if strings.HasSuffix(c.origin, ":0") {
				t.Errorf("got the origin %s", c.origin)
			}
		}
		b, err := bookOf(d.claims)
		if err != nil {
			return // contradicts itself
		}
		written := b.content()
		again, err := parse("f", written, pinsFile)
		if err != nil {
			t.Fatalf("%v in\n%s", err, written)
		}
		if b, err := bookOf(again.claims); err != nil || !bytes.Equal(b.content(), written) {
			t.Errorf("%v; got\n%s\nof\n%s", err, b.content(), written)
		}
	})
}
