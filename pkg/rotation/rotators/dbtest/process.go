package dbtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// nobody is an unprivileged user that every system has: PostgreSQL refuses to be run by root.
const nobody = 65534

// processes are those of one test process, and their folder.
type processes struct {
	folder string
	mu     sync.Mutex
	all    []*process
}

// A process is a server, or what prepares one.
type process struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
	err   error
	stop  syscall.Signal
}

// dir makes a folder that belongs to whoever runs the servers.
func (ps *processes) dir(name string) (string, error) {
	dir, err := os.MkdirTemp(ps.folder, name+"-")
	if err != nil {
		return "", err
	}
	for _, path := range []string{ps.folder, dir} {
		if err := own(path); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// write makes a file that its owner alone may read.
func write(dir, name, text string) (string, error) {
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", err
	}
	return file, own(file)
}

// own gives a file to whoever runs the servers: nobody, where we are root.
func own(path string) error {
	if os.Getuid() != 0 {
		return nil
	}
	return os.Chown(path, nobody, nobody)
}

// start starts a program in a folder of own. It is sent stop when it is to end, and when this process ends in any way.
func (ps *processes) start(dir string, stop syscall.Signal, input string, program string, arguments ...string) (*process, error) {
	root, err := installed("")
	if err != nil {
		return nil, err
	}
	log, err := os.CreateTemp(dir, "log-")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(program, arguments...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, strings.NewReader(input), log, log
	cmd.Env = []string{
		"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=GMT", "HOME=" + dir,
		"LD_LIBRARY_PATH=" + strings.Join([]string{filepath.Join(root, "usr/lib/x86_64-linux-gnu"), filepath.Join(root, "lib/x86_64-linux-gnu"),
			filepath.Join(root, "usr/lib/aarch64-linux-gnu"), filepath.Join(root, "lib/aarch64-linux-gnu")}, ":"),
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: stop}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody, Groups: []uint32{}}
		if !reachable(root) {
			cmd.SysProcAttr.AmbientCaps = []uintptr{capReadSearch}
		}
	}
	p := &process{cmd: cmd, log: log.Name(), ended: make(chan struct{}), stop: stop}
	started := make(chan error)
	go func() {
		// The system sends the signal when the thread that started it ends: this one stays as long as it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	ps.mu.Lock()
	ps.all = append(ps.all, p)
	ps.mu.Unlock()
	return p, nil
}

// capReadSearch is CAP_DAC_READ_SEARCH of linux/capability.h: to read files beneath folders that are root's alone.
const capReadSearch = 2

// reachable says whether every user may reach a folder.
func reachable(folder string) bool {
	for ; ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil || info.Mode()&0o005 != 0o005 {
			return false
		}
		if folder == filepath.Dir(folder) {
			return true
		}
	}
}

// run runs a program to its end.
func (ps *processes) run(dir, input, program string, arguments ...string) error {
	p, err := ps.start(dir, syscall.SIGKILL, input, program, arguments...)
	if err != nil {
		return err
	}
	<-p.ended
	if p.err != nil {
		return errors.New(p.err.Error() + ":\n" + p.tail())
	}
	return nil
}

// tail is the end of what it wrote.
func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// stop ends all that run, and removes what they left.
func (ps *processes) stop() {
	for _, p := range ps.all {
		select {
		case <-p.ended:
			continue
		default:
		}
		_ = p.cmd.Process.Signal(p.stop) // one that has ended meanwhile
		select {
		case <-p.ended:
		case <-time.After(10 * time.Second):
			_ = p.cmd.Process.Kill() // the same
			<-p.ended
		}
	}
	_ = os.RemoveAll(ps.folder) // a folder for what is temporary
}
