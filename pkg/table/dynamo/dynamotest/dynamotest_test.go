package dynamotest

import (
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func TestMissingServerNamesTheTarget(t *testing.T) {
	t.Setenv("STRONGROOM_CACHE", t.TempDir())
	_, err := installed()
	if err == nil || !strings.Contains(err.Error(), "make tools") {
		t.Errorf("installed() = %v, want an error that says to run make tools", err)
	}
}

func TestServerListensOnLoopbackAlone(t *testing.T) {
	u, err := url.Parse(Endpoint(t))
	if err != nil {
		t.Fatal(err)
	}
	if u.Hostname() != "127.0.0.1" {
		t.Errorf("the server listens on %s", u.Hostname())
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		ip, _, err := net.ParseCIDR(address.String())
		if err != nil || ip.IsLoopback() {
			continue
		}
		conn, err := net.Dial("tcp", net.JoinHostPort(ip.String(), u.Port()))
		if err == nil {
			conn.Close()
			t.Errorf("the server answers on %s too", ip)
		}
	}
}

func TestTablesAreTheTestsOwn(t *testing.T) {
	var names []string
	t.Run("two tables", func(t *testing.T) {
		for range 2 {
			_, name := New(t)
			names = append(names, name)
		}
	})
	if names[0] == names[1] {
		t.Errorf("both tables are named %s", names[0])
	}
	list, err := Client(t).ListTables(t.Context(), &dynamodb.ListTablesInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.TableNames) != 0 {
		t.Errorf("tables %v are left", list.TableNames)
	}
}
