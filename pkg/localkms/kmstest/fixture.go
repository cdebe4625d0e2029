package kmstest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// A fixture is what a check works with.
type fixture struct {
	*testing.T
	Subject
	made *shared
}

// shared are keys that several checks use, made when they are first needed: some implementations take long for one.
type shared struct {
	other, granted string
	disabled       *disabledKey
}

// id is the id of a key, from its ARN.
func id(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// aliasARN is the ARN of the key's alias.
func (f fixture) aliasARN() string {
	account, _, _ := strings.Cut(f.Key, ":key/")
	return account + ":" + f.Alias
}

// unknown is a key that there is not, by its id.
const unknown = "00000000-0000-4000-8000-000000000000"

// An asker asks something of a key by one of its names, and answers the key's name as KMS has it.
type asker func(f fixture, name string) (*string, error)

// namings are the checks of an operation that takes every name of a key: the id, the ARN, an alias and an alias's ARN.
func namings(operation string, ask asker) []check {
	return []check{
		{operation + " by each name of the key", theKey, func(f fixture) string {
			return f.each(ask, id(f.Key), f.Key, f.Alias, f.aliasARN())
		}},
		{operation + " by names of no key", "NotFoundException", func(f fixture) string {
			return f.each(ask, unknown, strings.Replace(f.Key, id(f.Key), unknown, 1), f.Alias+"-none", f.aliasARN()+"-none")
		}},
	}
}

// each asks by every name, and says what all of them got; or, where that differs, each.
func (f fixture) each(ask asker, names ...string) string {
	var answers []string
	for _, name := range names {
		keyID, err := ask(f, name)
		answer := outcome(err)
		switch {
		case err == nil && aws.ToString(keyID) == f.Key:
			answer = theKey
		case err == nil:
			answer = "another name"
		}
		answers = append(answers, answer)
	}
	for _, answer := range answers {
		if answer != answers[0] {
			return strings.Join(answers, ", ")
		}
	}
	return answers[0]
}

// of is an encryption context of pairs of a name and a value.
func of(pairs ...string) map[string]string {
	context := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		context[pairs[i]] = pairs[i+1]
	}
	return context
}

// demo is an encryption context as Strongroom's clients use them.
var demo = of("strongroom:organization", "o", "strongroom:project", "demo")

const plaintext = "a secret"

// seal encrypts the plaintext under a key, which must succeed.
func (f fixture) seal(key string, context map[string]string) []byte {
	f.Helper()
	out, err := f.Client.Encrypt(f.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte(plaintext), EncryptionContext: context})
	if err != nil {
		f.Fatalf("Encrypt: %v", err)
	}
	return out.CiphertextBlob
}

// open decrypts with the key that the ciphertext names, and says what came of it.
func (f fixture) open(ciphertext []byte, context map[string]string) string {
	out, err := f.Client.Decrypt(f.Context(), &kms.DecryptInput{CiphertextBlob: ciphertext, EncryptionContext: context})
	switch {
	case err != nil:
		return outcome(err)
	case string(out.Plaintext) != plaintext:
		return fmt.Sprintf("another plaintext, of %d bytes", len(out.Plaintext))
	}
	return done
}

// newKey makes a key, and answers its ARN.
func (f fixture) newKey() string {
	f.Helper()
	out, err := f.Client.CreateKey(f.Context(), &kms.CreateKeyInput{})
	if err != nil {
		f.Fatalf("CreateKey: %v", err)
	}
	return *out.KeyMetadata.Arn
}

// otherKey is a key that has nothing to do with the Subject's, but is of the same kind.
func (f fixture) otherKey() string {
	f.Helper()
	if f.made.other == "" {
		f.made.other = f.newKey()
	}
	return f.made.other
}

// keyWithoutGrants is a key that has no grants yet, until the next check wants it.
func (f fixture) keyWithoutGrants() string {
	f.Helper()
	if f.made.granted == "" {
		f.made.granted = f.newKey()
	}
	var ids []*string
	for pages := kms.NewListGrantsPaginator(f.Client, &kms.ListGrantsInput{KeyId: &f.made.granted}); pages.HasMorePages(); {
		page, err := pages.NextPage(f.Context())
		if err != nil {
			f.Fatalf("ListGrants: %v", err)
		}
		for _, g := range page.Grants {
			ids = append(ids, g.GrantId)
		}
	}
	for _, id := range ids {
		if _, err := f.Client.RevokeGrant(f.Context(), &kms.RevokeGrantInput{KeyId: &f.made.granted, GrantId: id}); err != nil {
			f.Fatalf("RevokeGrant: %v", err)
		}
	}
	return f.made.granted
}

// dry is what a request that asks whether it would succeed is answered, if it would
// (https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html).
const dry = "DryRunOperationException"

// tokens are many words that are no grant tokens.
func tokens(n int) []string { return strings.Fields(strings.Repeat("none ", n)) }

// ask makes a check's ask of a request whose answer does not matter.
func ask(request func(ctx context.Context, f fixture) error) func(f fixture) string {
	return func(f fixture) string { return outcome(request(f.Context(), f)) }
}
