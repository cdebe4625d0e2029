// Package dbtest starts a PostgreSQL and a MariaDB server for tests: throwaway ones on loopback, with certificates of their own, from
// what "make tools-databases" unpacked. Each is started once in a test's process, when a test first asks for it, and ends with
// it. TestMain must end in [Run], which stops them:
//
//	func TestMain(m *testing.M) { os.Exit(dbtest.Run(m)) }
//
// A test that asks for one that is not unpacked fails: it is never skipped.
package dbtest
