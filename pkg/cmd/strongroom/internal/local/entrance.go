package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"strongroom/pkg/gateway"
	"strongroom/pkg/wholefile"
)

// maxHeaderBytes is a little more than the gateway takes, so that it is the one to refuse.
const maxHeaderBytes = 2 * gateway.MaxHeaders

// How long things may take.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	// drainTimeout is for the requests under way when the server is stopped; API Gateway gives them 30 seconds.
	drainTimeout = 30 * time.Second
)

// An entrance is a door that is listened at.
type entrance struct {
	door     door
	listener net.Listener
	server   *http.Server
}

// enter takes the address of a door and notes it for `strongroom local env`.
func (s *Server) enter(ctx context.Context, d door, addr string, h http.Handler) (entrance, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return entrance{}, fmt.Errorf("%w; set %s to another address, such as 127.0.0.1:0 for a free port", err, d.variable)
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() { // whatever localhost stands for
		return entrance{}, errors.Join(fmt.Errorf("%s is not this machine's own; set %s to a loopback address", listener.Addr(), d.variable),
			listener.Close())
	}
	e := entrance{d, listener, &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
	}}
	if err := wholefile.Replace(filepath.Join(s.config.Data, d.file), []byte(e.url()+"\n")); err != nil {
		return entrance{}, errors.Join(err, listener.Close())
	}
	return e, nil
}

func (e entrance) url() string { return "http://" + e.listener.Addr().String() }

// serve answers requests until ctx ends, then waits for those under way.
func (e entrance) serve(ctx context.Context) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		stopped <- e.server.Shutdown(drain)
	})
	err := e.server.Serve(e.listener)
	if !stop() {
		err = <-stopped
	}
	return err
}

// forget removes what was noted.
func (e entrance) forget(folder string) error { return os.Remove(filepath.Join(folder, e.door.file)) }

// close is for an entrance that was never served.
func (e entrance) close(folder string) error {
	return errors.Join(e.listener.Close(), e.forget(folder))
}
