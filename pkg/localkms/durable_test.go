package localkms

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// TestKilledWhileGranting kills a process that makes one grant after another, at any moment: each that was acknowledged is
// there, and the file is whole.
func TestKilledWhileGranting(t *testing.T) {
	if folder := os.Getenv("LOCALKMS_TEST_GRANTS"); folder != "" {
		r := rigOver(t, folder)
		for i := 0; ; i++ {
			name := fmt.Sprintf("g-%d-%d", os.Getpid(), i)
			if err := r.GiveClientKey(Grant{Name: name, Grantee: annUser, Operations: []string{"Decrypt"}}); err != nil {
				t.Fatal(err)
			}
			_, _ = os.Stdout.WriteString(name + "\n")
		}
	}
	folder, acknowledged := t.TempDir(), []string{}
	for range 6 {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestKilledWhileGranting$")
		command.Env = append(os.Environ(), "LOCALKMS_TEST_GRANTS="+folder)
		output, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(100*time.Millisecond+rand.N(40*time.Millisecond), func() { _ = command.Process.Kill() }) //nolint:gosec // any moment will do
		for lines := bufio.NewScanner(output); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "g-") {
				acknowledged = append(acknowledged, lines.Text())
			}
		}
		_ = command.Wait() // it was killed
	}
	there := map[string]bool{}
	for _, g := range rigOver(t, folder).current.Load().Grants {
		if there[g.Name] {
			t.Errorf("%s is there twice", g.Name)
		}
		there[g.Name] = true
	}
	for _, name := range acknowledged {
		if !there[name] {
			t.Errorf("%s was acknowledged and is gone", name)
		}
	}
	if len(acknowledged) < 6 {
		t.Errorf("only %d grants were acknowledged, which shows little", len(acknowledged))
	}
	if len(there) > len(acknowledged)+6 {
		t.Errorf("%d grants of %d that were acknowledged", len(there), len(acknowledged))
	}
}

// TestGrantsAtTheSameTime: none is lost, one of a name is made once, and readers go on meanwhile.
func TestGrantsAtTheSameTime(t *testing.T) {
	r := newRig(t)
	sealed := r.made(t).CiphertextBlob
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for _, name := range []string{"shared", fmt.Sprintf("own-%d", i)} {
				_, err := r.grantTo(t, admin, kms.CreateGrantInput{
					Name: aws.String(name), GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{opDecrypt},
				})
				want(t, name, err, "")
			}
			_, err := r.decrypt(t, ann, sealed, ofDemo)
			want(t, "decrypting", err, "")
		})
	}
	all.Wait()
	if n := len(rigOver(t, r.folder).current.Load().Grants); n != 9 {
		t.Errorf("%d grants, want 9", n)
	}
}
