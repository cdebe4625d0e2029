package localkms

import (
	"bufio"
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"strongroom/pkg/localkms/kmstest"
)

// motoDifferences are what moto, in the version that testdata/python/requirements.txt has, is known to get wrong.
var motoDifferences = []kmstest.Difference{
	{Why: "a disabled key does everything but say so", Answers: map[string]string{
		"GenerateDataKey with a disabled key": "done",
		"Encrypt with a disabled key":         "done",
		"Decrypt with a disabled key":         "done",
		"ReEncrypt from a disabled key":       "done",
		"ReEncrypt to a disabled key":         "done",
		"CreateGrant on a disabled key":       "done",
	}},
	{Why: "names and values of a context are put together without their lengths", Answers: map[string]string{
		"Decrypt with the border between name and value moved": "done",
		"Decrypt with two pairs of the context made one":       "done",
	}},
	{Why: "Decrypt looks for a key of the name that the bytes begin with, whatever they are, before anything else", Answers: map[string]string{
		"Decrypt 200 bytes of something else": "AccessDeniedException",
		"Decrypt 6,145 bytes":                 "AccessDeniedException",
		"Decrypt nothing":                     "InvalidCiphertextException",
	}},
	{Why: "a key that is not the ciphertext's is denied by Decrypt", Answers: map[string]string{
		"Decrypt with another KeyId": "AccessDeniedException",
		"ReEncrypt to another key":   "otherwise: opened with the source's key",
	}},
	{Why: "ReEncrypt does not look at SourceKeyId", Answers: map[string]string{
		"ReEncrypt from a key that there is not": "done",
		"ReEncrypt from another key":             "done",
	}},
	{Why: "algorithms are neither looked at nor answered by Encrypt and ReEncrypt, and Decrypt takes any", Answers: map[string]string{
		"Encrypt 1 byte":                            ", opened again",
		"Encrypt 4,096 bytes":                       ", opened again",
		"Encrypt with the algorithm named":          ", opened again",
		"Encrypt with an algorithm of other keys":   ", opened again",
		"Decrypt with an algorithm of other keys":   "done",
		"ReEncrypt with an algorithm of other keys": "done",
		"ReEncrypt to another context":              "otherwise: SourceEncryptionAlgorithm, DestinationEncryptionAlgorithm",
	}},
	{Why: "grant tokens are not looked at", Answers: map[string]string{
		"GenerateDataKey with a token of no grant": "32 bytes, opened again",
		"GenerateDataKey with 11 tokens":           "32 bytes, opened again",
		"Encrypt with a token of no grant":         ", opened again",
		"Decrypt with a token of no grant":         "done",
		"ReEncrypt with a token of no grant":       "done",
		"CreateGrant with a token of no grant":     "done",
	}},
	{Why: "DryRun is not looked at", Answers: map[string]string{
		"Sign as a dry run":            "verified",
		"GenerateDataKey as a dry run": "32 bytes, opened again",
		"Encrypt as a dry run":         ", opened again",
		"Decrypt as a dry run":         "done",
		"ReEncrypt as a dry run":       "done",
		"CreateGrant as a dry run":     "done, and a grant",
		"RevokeGrant as a dry run":     "done, and the grant is gone",
		"RetireGrant as a dry run":     "done, and the grant is gone",
	}},
	{Why: "a key's metadata has the KeyUsage of the request, so none where that had none", Answers: map[string]string{
		"CreateKey":                      "otherwise: KeyUsage",
		"DescribeKey of a key just made": "otherwise: KeyUsage",
	}},
	{Why: "lists come whole, whatever is said of pages", Answers: map[string]string{
		"ListAliases, 0 a page":                "the alias, once",
		"ListAliases, 101 a page":              "the alias, once",
		"ListAliases from a marker of no list": "the alias, once",
		"ListGrants in pages":                  "5 in a page",
		"ListGrants in pages of no size":       "51 in a page",
		"ListGrants, 0 a page":                 "done",
		"ListGrants, 101 a page":               "done",
		"ListGrants from a marker of no list":  "done",
	}},
	{Why: "ListGrants does not look at GranteePrincipal", Answers: map[string]string{"ListGrants of one grantee": "2 grants"}},
	{Why: "lengths and forms of members are not checked", Answers: map[string]string{
		"CreateKey with a description of 8,193 characters": "done",
		"CreateGrant with a name that has a space":         "done",
		"CreateGrant with a name of 257 characters":        "done",
		"CreateGrant for what is no ARN":                   "done",
		"CreateGrant retired by what is no ARN":            "done",
		"CreateGrant of an operation of other keys":        "done",
		"CreateGrant of an operation that there is not":    "done",
	}},
	{Why: "a grant is made anew whatever its name", Answers: map[string]string{
		"CreateGrant again with its name": "another grant",
		"CreateGrant again, both tokens":  "not so: done",
	}},
	{Why: "a grant is listed with the key as it was named, and without its date and account", Answers: map[string]string{
		"ListGrants shows what was asked for":                         "otherwise: KeyId, CreationDate, IssuingAccount",
		"ListGrants shows EncryptionContextSubset":                    "otherwise: KeyId, CreationDate, IssuingAccount",
		"ListGrants shows both constraints":                           "otherwise: KeyId, CreationDate, IssuingAccount",
		"ListGrants shows a grant with all that is optional left out": "otherwise: KeyId, CreationDate, IssuingAccount",
	}},
	{Why: "retiring a grant that there is not succeeds", Answers: map[string]string{
		"RetireGrant again by its id":              "done",
		"RetireGrant of a grant that there is not": "done",
		"RetireGrant by a token of no grant":       "done",
	}},
	{Why: "it fails where a key is not among its own under the very name", Answers: map[string]string{
		"DisableKey by its ARN":                  "status 500 and no error of KMS",
		"EnableKey by its ARN":                   "status 500 and no error of KMS",
		"CreateGrant on a key that there is not": "status 500 and no error of KMS",
		"CreateGrant by an alias":                "status 500 and no error of KMS",
		"RevokeGrant on a key that there is not": "status 500 and no error of KMS",
		"RetireGrant on a key that there is not": "status 500 and no error of KMS",
		"RetireGrant of nothing":                 "status 500 and no error of KMS",
		"ListGrants of a key that there is not":  "status 500 and no error of KMS",
	}},
	{Why: "GetPublicKey answers the key as it was named, without its KeySpec, and of keys for encryption too", Answers: map[string]string{
		"GetPublicKey":                         "otherwise: KeyId, KeySpec",
		"GetPublicKey by each name of the key": "another name",
		"GetPublicKey of a key for encryption": "done",
	}},
	{Why: "a digest is taken for a message", Answers: map[string]string{
		"Sign a digest":             "a signature that does not verify",
		"Sign a digest of 31 bytes": "a signature that does not verify",
		"Verify by the digest":      "answered that it is not valid",
	}},
	{Why: "what a key or its algorithms are for is checked by other names, or not at all", Answers: map[string]string{
		"Sign with an algorithm of other keys": "ValidationException",
		"Sign with a key for encryption":       "ValidationException",
		"Verify with a key for encryption":     "ValidationException",
		"Encrypt with a key for signing":       "done",
	}},
	{Why: "a message to sign may have any length", Answers: map[string]string{"Sign 4,097 bytes": "verified"}},
	{Why: "a wrong signature is no error", Answers: map[string]string{
		"Verify another message":   "answered that it is not valid",
		"Verify another signature": "answered that it is not valid",
	}},
	{Why: "ListAliases takes an alias for a key", Answers: map[string]string{"Aliases where no alias is taken": "taken"}},
}

// startMoto starts moto's server and answers its URL. It ends with the test, and with this process however that ends.
func startMoto(t *testing.T) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), python(), filepath.FromSlash("testdata/moto_server.py"))
	var complaint bytes.Buffer
	command.Stderr = &complaint
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := command.StdinPipe(); err != nil { // open until this process ends
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("moto: %v (after `make tools` it should start, or set STRONGROOM_PYTHON)", err)
	}
	t.Cleanup(func() { _ = command.Wait() }) // killed when the test's context ended
	late := time.AfterFunc(time.Minute, func() { _ = command.Process.Kill() })
	defer late.Stop()
	url, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("moto does not start: %v (after `make tools` it should, or set STRONGROOM_PYTHON)\n%s", command.Wait(), complaint.String())
	}
	return strings.TrimSpace(url)
}
