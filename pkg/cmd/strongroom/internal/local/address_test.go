package local

import "testing"

func TestOnlyLoopbackIsListenedOn(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:8787", "127.0.0.1:0", "127.1.2.3:80", "[::1]:8787", "localhost:8787"} {
		if err := apiDoor.check(addr); err != nil {
			t.Errorf("%s is refused: %v", addr, err)
		}
	}
	for _, addr := range []string{
		"", "8787", ":8787", "0.0.0.0:8787", "[::]:8787", "192.0.2.1:8787", "127.0.0.1", "127.0.0.1:", "localhost.example:80",
		"127.0.0.1.example:80", "[::ffff:192.0.2.1]:80",
	} {
		if apiDoor.check(addr) == nil {
			t.Errorf("%q is accepted", addr)
		}
	}
}
