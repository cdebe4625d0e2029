package secrets

import (
	"slices"

	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
)

// wrappedKeys are the project keys that go with a client-encrypted value: of each live project of the secret, seen by the
// caller or not, those that the value is under and the current one. By project, then as the project has them. They are
// for whoever the value is for, who may have a grant on the secret alone; KMS decides who can unwrap them. The projects
// are among what was read to decide, so it costs no read. Nil for a secret that the server encrypts.
func (v *secretSight) wrappedKeys(value string) *[]api.SecretKey {
	if v.rec.Encryption != api.EncryptionClient {
		return nil
	}
	message, err := clientcrypto.Inspect(value)
	if err != nil {
		message.Recipients = nil // it was stored under other rules; who replaces it needs the current keys all the same
	}
	keys := []api.SecretKey{}
	for _, id := range v.live(v.rec.Projects) {
		for _, key := range v.projects[id].shownKeys() {
			if key.Current || slices.Contains(message.Recipients, key.ID) {
				keys = append(keys, api.SecretKey{ProjectID: id, ProjectKey: key})
			}
		}
	}
	return &keys
}

// secretTag is the ETag of a secret as it is shown.
func secretTag(counter int64, s *api.Secret) string {
	view := []any{s.Read, s.Write, s.Manage, s.Projects}
	if s.Keys != nil {
		for _, key := range *s.Keys {
			view = append(view, key.ProjectID, key.ID, key.Current)
		}
	}
	return etag(counter, view...)
}
