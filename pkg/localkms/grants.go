package localkms

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

type createGrantInput struct {
	KeyID             string      `json:"KeyId"`
	GranteePrincipal  string      `json:"GranteePrincipal"`
	RetiringPrincipal string      `json:"RetiringPrincipal"`
	Operations        []string    `json:"Operations"`
	Constraints       Constraints `json:"Constraints"`
	GrantTokens       []string    `json:"GrantTokens"`
	Name              string      `json:"Name"`
	DryRun            bool        `json:"DryRun"`
}

type createGrantOutput struct {
	GrantID    string `json:"GrantId"`
	GrantToken string `json:"GrantToken"`
}

// createGrant makes a grant, or answers the one that has this name and these parameters already.
func (e *Endpoint) createGrant(who Caller, in createGrantInput) (createGrantOutput, error) {
	wanted := grant{
		Name: in.Name, Grantee: in.GranteePrincipal, Retiring: in.RetiringPrincipal, Constraints: in.Constraints,
		Operations: slices.Compact(slices.Sorted(slices.Values(in.Operations))), Created: e.Now().UTC(),
	}
	var out createGrantOutput
	err := e.change(func(s *state) (bool, error) {
		if err := s.checkTokens(in.GrantTokens); err != nil {
			return false, err
		}
		key, err := s.keyItself(in.KeyID)
		if err != nil {
			return false, err
		}
		wanted.Key = key.ID
		if err := e.allowGranting(s, who, key, wanted); err != nil {
			return false, err
		}
		if err := wanted.check(); err != nil {
			return false, err
		}
		if key.Disabled {
			return false, failuref("DisabledException", "%s is disabled.", key.arn())
		}
		if err := dry(in.DryRun); err != nil {
			return false, err
		}
		var changed bool
		out, changed, err = s.addGrant(wanted)
		return changed, err
	})
	return out, err
}

// allowGranting is nil for the administrator, and for the grantee of a grant that covers the new one.
func (e *Endpoint) allowGranting(s *state, who Caller, key storedKey, wanted grant) error {
	r := request{operation: "CreateGrant"}
	if who.is(e.Administrator) {
		return nil
	}
	for _, g := range s.Grants {
		if g.allows(who, key, r) && g.covers(wanted) {
			return nil
		}
	}
	return denied(who, "kms:CreateGrant", key.arn(), "because no resource-based policy and no grant allows it")
}

// addGrant adds a grant unless there is the same under its name.
func (s *state) addGrant(wanted grant) (out createGrantOutput, changed bool, err error) {
	count := 0
	for _, g := range s.Grants {
		if wanted.Name != "" && g.same(wanted) {
			return createGrantOutput{g.ID, g.Token}, false, nil
		}
		if g.Key == wanted.Key {
			count++
		}
	}
	if count >= maxGrants {
		return out, false, failuref("LimitExceededException", "the key has %d grants, and may not have more", count)
	}
	var random [32 + 96]byte
	rand.Read(random[:]) // never fails: the program ends instead (crypto/rand)
	wanted.ID, wanted.Token = hex.EncodeToString(random[:32]), base64.RawURLEncoding.EncodeToString(random[32:])
	i, _ := s.findGrant(wanted.ID)
	s.Grants = slices.Insert(s.Grants, i, wanted)
	return createGrantOutput{wanted.ID, wanted.Token}, true, nil
}

// A Grant is one that the owner of the key file makes, without a request.
type Grant struct {
	// Name makes it once: again, the same is not made another time. 1 to 256 letters, digits and :/_-.
	Name string
	// Grantee is the ARN of an IAM user or role.
	Grantee string
	// Operations are KMS's names, such as Decrypt.
	Operations  []string
	Constraints Constraints
}

// GiveClientKey makes a grant on the client key as the administrator would; again is harmless.
func (e *Endpoint) GiveClientKey(g Grant) error {
	_, err := e.createGrant(Caller{ARN: e.Administrator}, createGrantInput{
		KeyID: e.Keys.Key(Client).ARN(), GranteePrincipal: g.Grantee, Operations: g.Operations, Constraints: g.Constraints, Name: g.Name,
	})
	return err
}

type listGrantsInput struct {
	KeyID            string `json:"KeyId"`
	GrantID          string `json:"GrantId"`
	GranteePrincipal string `json:"GranteePrincipal"`
	Limit            *int   `json:"Limit"`
	Marker           string `json:"Marker"`
}

type listGrantsOutput struct {
	Grants     []grantEntry `json:"Grants"`
	Truncated  bool         `json:"Truncated"`
	NextMarker string       `json:"NextMarker,omitempty"`
}

// A grantEntry is KMS's GrantListEntry.
type grantEntry struct {
	KeyID             string      `json:"KeyId"`
	GrantID           string      `json:"GrantId"`
	Name              string      `json:"Name,omitempty"`
	CreationDate      float64     `json:"CreationDate"`
	GranteePrincipal  string      `json:"GranteePrincipal"`
	RetiringPrincipal string      `json:"RetiringPrincipal,omitempty"`
	IssuingAccount    string      `json:"IssuingAccount"`
	Operations        []string    `json:"Operations"`
	Constraints       Constraints `json:"Constraints,omitzero"`
}

func (g grant) entry() grantEntry {
	return grantEntry{
		KeyID: arnPrefix + g.Key.String(), GrantID: g.ID, Name: g.Name, CreationDate: seconds(g.Created),
		GranteePrincipal: g.Grantee, RetiringPrincipal: g.Retiring,
		IssuingAccount: "arn:aws:iam::" + strings.Split(arnPrefix, ":")[4] + ":root", Operations: g.Operations, Constraints: g.Constraints,
	}
}

// listGrants answers the grants of a key by id. A marker is the id of the last one before.
func (e *Endpoint) listGrants(who Caller, in listGrantsInput) (listGrantsOutput, error) {
	out := listGrantsOutput{Grants: []grantEntry{}}
	s := e.current.Load()
	key, err := s.keyItself(in.KeyID)
	if err != nil {
		return out, err
	}
	if err := e.administer(who, "ListGrants", key.arn()); err != nil {
		return out, err
	}
	most, err := limit(in.Limit)
	if err != nil {
		return out, err
	}
	if raw, err := hex.DecodeString(in.Marker); err != nil || in.Marker != "" && len(raw) != 32 {
		return out, failuref("InvalidMarkerException", "no list of grants has that marker")
	}
	for _, g := range s.Grants {
		wanted := g.Key == key.ID && g.ID > in.Marker && (in.GrantID == "" || in.GrantID == g.ID) &&
			(in.GranteePrincipal == "" || in.GranteePrincipal == g.Grantee)
		if !wanted {
			continue
		}
		if len(out.Grants) == most {
			out.Truncated, out.NextMarker = true, out.Grants[most-1].GrantID
			break
		}
		out.Grants = append(out.Grants, g.entry())
	}
	return out, nil
}

type revokeGrantInput struct {
	KeyID   string `json:"KeyId"`
	GrantID string `json:"GrantId"`
	DryRun  bool   `json:"DryRun"`
}

func (e *Endpoint) revokeGrant(who Caller, in revokeGrantInput) (nothing, error) {
	return nothing{}, e.change(func(s *state) (bool, error) {
		key, err := s.keyItself(in.KeyID)
		if err != nil {
			return false, err
		}
		if err := e.administer(who, "RevokeGrant", key.arn()); err != nil {
			return false, err
		}
		return s.removeGrant(key, in.GrantID, in.DryRun)
	})
}

func (s *state) removeGrant(key storedKey, id string, dryRun bool) (bool, error) {
	i, ok := s.findGrant(id)
	if !ok || s.Grants[i].Key != key.ID {
		return false, failuref("NotFoundException", "the key %s has no grant of that id", key.arn())
	}
	if err := dry(dryRun); err != nil {
		return false, err
	}
	s.Grants = slices.Delete(s.Grants, i, i+1)
	return true, nil
}

type retireGrantInput struct {
	GrantToken string `json:"GrantToken"`
	KeyID      string `json:"KeyId"`
	GrantID    string `json:"GrantId"`
	DryRun     bool   `json:"DryRun"`
}

// retireGrant is for whom the grant names to retire it, for its grantee where it allows that, and the administrator.
func (e *Endpoint) retireGrant(who Caller, in retireGrantInput) (nothing, error) {
	return nothing{}, e.change(func(s *state) (bool, error) {
		g, err := s.toRetire(in)
		if err != nil {
			return false, err
		}
		key, err := s.key(g.Key.String())
		if err != nil {
			return false, err
		}
		if !who.is(g.Retiring) && !g.allows(who, key, request{operation: "RetireGrant"}) && !who.is(e.Administrator) {
			return false, denied(who, "kms:RetireGrant", key.arn(), "because the grant allows it to others")
		}
		return s.removeGrant(key, g.ID, in.DryRun)
	})
}

// toRetire finds the grant by its token, or by its key and id.
func (s *state) toRetire(in retireGrantInput) (grant, error) {
	switch {
	case in.GrantToken != "" && in.KeyID == "" && in.GrantID == "":
		g, ok := s.grantOf(in.GrantToken)
		if !ok {
			return grant{}, failuref("InvalidGrantTokenException", "the grant token is none of a grant")
		}
		return g, nil
	case in.GrantToken == "" && in.KeyID != "" && in.GrantID != "":
		key, err := s.keyItself(in.KeyID)
		if err != nil {
			return grant{}, err
		}
		if i, ok := s.findGrant(in.GrantID); ok && s.Grants[i].Key == key.ID {
			return s.Grants[i], nil
		}
		return grant{}, failuref("NotFoundException", "the key %s has no grant of that id", key.arn())
	}
	return grant{}, invalid("a grant token, or a key and the id of a grant, is needed")
}
