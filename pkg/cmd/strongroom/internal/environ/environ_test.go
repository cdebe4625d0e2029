package environ_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"strongroom/pkg/cmd/strongroom/internal/dotenv"
	"strongroom/pkg/cmd/strongroom/internal/environ"
)

func TestMake(t *testing.T) {
	inherited := []string{"PATH=/bin", "LANG=C", "DATABASE_URL=mine", "=odd", "EMPTY=", "TWICE=a", "TWICE=b"}
	tests := map[string]struct {
		secrets []environ.Variable
		allowed []string
		want    environ.Environment
	}{
		"nothing": {want: environ.Environment{Variables: inherited}},
		"secrets come after what is inherited, in their order": {
			secrets: []environ.Variable{{"Z", "1", "p"}, {"a_1", "", "p"}, {"_", "two\nlines", "p"}},
			want:    environ.Environment{Variables: append(inherited[:7:7], "Z=1", "a_1=", "_=two\nlines")},
		},
		"a secret wins over what is inherited, each time that it is": {
			secrets: []environ.Variable{{"DATABASE_URL", "theirs", "p"}, {"TWICE", "c", "p"}},
			want: environ.Environment{
				Variables: []string{"PATH=/bin", "LANG=C", "=odd", "EMPTY=", "DATABASE_URL=theirs", "TWICE=c"},
				Replaced:  []string{"DATABASE_URL", "TWICE"},
			},
		},
		"the same value replaces nothing": {
			secrets: []environ.Variable{{"DATABASE_URL", "mine", "p"}, {"EMPTY", "", "p"}},
			want: environ.Environment{
				Variables: []string{"PATH=/bin", "LANG=C", "=odd", "TWICE=a", "TWICE=b", "DATABASE_URL=mine", "EMPTY="},
			},
		},
		"the last project wins": {
			secrets: []environ.Variable{{"A", "1", "p"}, {"B", "2", "p"}, {"A", "3", "q"}, {"A", "4", "r"}},
			want: environ.Environment{
				Variables: append(inherited[:7:7], "A=4", "B=2"),
				Doubled:   []environ.Doubled{{"A", "p", "q"}, {"A", "q", "r"}},
			},
		},
		"names that no variable can have": {
			secrets: []environ.Variable{{"", "1", "p"}, {"db.password", "2", "p"}, {"9LIVES", "3", "p"}, {"A=B", "4", "p"}, {"Ä", "5", "p"},
				{"A B", "6", "p"}, {"A\nB", "7", "p"}, {"A\n", "8", "p"}, {"BASH_FUNC_x%%", "9", "p"}, {"A B", "6", "q"}},
			want: environ.Environment{
				Variables:  inherited,
				Unnameable: []string{"", "db.password", "9LIVES", "A=B", "Ä", "A B", "A\nB", "A\n", "BASH_FUNC_x%%"},
			},
		},
		"values that no variable can hold": {
			secrets: []environ.Variable{{"A", "a\x00B=b", "p"}},
			want:    environ.Environment{Variables: inherited, Unholdable: []string{"A"}},
		},
		"names that choose what code runs": {
			secrets: []environ.Variable{{"PATH", "/tmp/evil", "p"}, {"LD_PRELOAD", "evil.so", "p"}, {"A", "1", "p"}},
			want:    environ.Environment{Variables: append(inherited[:7:7], "A=1"), Unsafe: []string{"PATH", "LD_PRELOAD"}},
		},
		"unless they are allowed, by exactly that name": {
			secrets: []environ.Variable{{"PATH", "/opt", "p"}, {"Path", "/opt", "p"}, {"LD_PRELOAD", "a\x00b", "p"}},
			allowed: []string{"PATH", "LD_PRELOAD"},
			want: environ.Environment{
				Variables: append(inherited[1:7:7], "PATH=/opt"), Replaced: []string{"PATH"},
				Unsafe: []string{"Path"}, Unholdable: []string{"LD_PRELOAD"},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := environ.Make(inherited, test.secrets, test.allowed)
			if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnsafe(t *testing.T) {
	for name, want := range map[string]string{
		"PATH": "shells", "Path": "shells", "IFS": "shells", "BASH_ENV": "shells", "ENV": "shells", "PS4": "shells",
		"LD_PRELOAD": "the dynamic linker", "LD_AUDIT": "the dynamic linker", "LD_LIBRARY_PATH": "the dynamic linker",
		"LD_ANYTHING_TO_COME": "the dynamic linker", "DYLD_INSERT_LIBRARIES": "the dynamic linker",
		"GCONV_PATH": "the C library", "HOME": "where programs have their files", "XDG_CONFIG_HOME": "where programs have their files",
		"NODE_OPTIONS": "Node.js and npm", "npm_config_script_shell": "Node.js and npm", "PYTHONSTARTUP": "Python",
		"PYTHONPATH": "Python", "PERL5OPT": "Perl", "RUBYOPT": "Ruby", "_JAVA_OPTIONS": "Java", "DOTNET_STARTUP_HOOKS": ".NET",
		"PHPRC": "PHP", "LUA_INIT_5_4": "Lua", "ERL_FLAGS": "Erlang", "R_PROFILE_USER": "R", "JULIA_LOAD_PATH": "Julia",
		"TCLLIBPATH": "Tcl and Guile", "EDITOR": "editors and pagers", "GIT_SSH_COMMAND": "git", "GIT_CONFIG_KEY_0": "git",
		"TAR_OPTIONS": "programs that start others", "MAKEFLAGS": "compilers and build tools", "OPENSSL_CONF": "TLS",
		"GTK_MODULES": "plugins of libraries", "AWS_ENDPOINT_URL": "the AWS SDKs", "AWS_ENDPOINT_URL_KMS": "the AWS SDKs",
		"STRONGROOM_URL": "Strongroom", "STRONGROOM_STRICT": "Strongroom",

		// What people do keep as secrets.
		"DATABASE_URL": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_REGION": "",
		"GIT_TOKEN": "", "NPM_TOKEN": "", "NODE_AUTH_TOKEN": "", "COMPOSER_AUTH": "", "CARGO_REGISTRY_TOKEN": "", "PGPASSWORD": "",
		"HTTPS_PROXY": "", "NODE_ENV": "", "PYTHONUNBUFFERED": "", "LDAP_PASSWORD": "", "PATHS": "", "IFSC": "", "PS5": "",
		"ENVIRONMENT": "", "USER": "", "TERM": "", "GEM_HOST_API_KEY": "", "BUNDLE_GEMS__CONTRIBSYS__COM": "", "DOCKER_PASSWORD": "",
		"": "",
	} {
		if got := environ.Unsafe(name); got != want {
			t.Errorf("Unsafe(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestAnOrdinaryFileIsTakenWhole takes a .env file as applications have them for variables.
func TestAnOrdinaryFileIsTakenWhole(t *testing.T) {
	text, err := os.ReadFile(filepath.FromSlash("../../../../../testdata/dotenv/forty.env"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := dotenv.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var secrets []environ.Variable
	for _, e := range file.Entries {
		secrets = append(secrets, environ.Variable{Name: e.Name, Value: e.Value})
	}
	got := environ.Make(nil, secrets, nil)
	if len(got.Variables) != 40 {
		t.Errorf("of 40 entries %d became variables: %q, %q and %q did not", len(got.Variables), got.Unnameable, got.Unholdable, got.Unsafe)
	}
}
