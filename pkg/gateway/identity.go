package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// An Identity is an IAM principal with an access key: who the gateway says signed.
type Identity struct {
	AccessKeyID     string `json:"-"`
	SecretAccessKey string `json:"secretAccessKey"`
	// SessionToken goes with temporary credentials, those of an assumed role; empty for a user's.
	SessionToken string `json:"sessionToken,omitempty"`
	// ARN is as IAM writes it, a user's with its path: arn:aws:iam::123456789012:user/NAME or
	// arn:aws:sts::123456789012:assumed-role/ROLE/SESSION. Others are allowed, for trying that they are refused.
	ARN string `json:"arn"`
	// UniqueID is AIDA… of a user, AROA…:SESSION of an assumed role.
	UniqueID string `json:"uniqueId"`
	// Role is the ARN of the assumed role with its path, which ARN lacks; empty where there is none, or it is not known. The
	// gateway does not use it: API Gateway does not tell it either.
	Role string `json:"role,omitempty"`
	// Profile is what the identity is called in clients' configuration; the gateway does not use it.
	Profile string `json:"profile,omitempty"`
}

// NewIdentity makes up credentials for an ARN. Where uniqueID is empty it is made up too; for an assumed role the
// session's name is put behind it if it is not there. A role itself is refused: it signs as one of its sessions.
func NewIdentity(arn, uniqueID string) (Identity, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[4] == "" || parts[5] == "" {
		return Identity{}, errors.New("gateway: an ARN of a caller has the form arn:aws:iam::ACCOUNT:user/NAME " +
			"or arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION")
	}
	kind, name, _ := strings.Cut(parts[5], "/")
	if kind == "role" {
		_, role := cutLast(name)
		return Identity{}, fmt.Errorf("gateway: a role signs as one of its sessions: arn:%s:sts::%s:assumed-role/%s/SESSION",
			parts[1], parts[4], role)
	}
	i := Identity{AccessKeyID: "AKIA" + randomText(16), SecretAccessKey: randomSecret(30), ARN: arn, UniqueID: uniqueID}
	if i.UniqueID == "" {
		i.UniqueID = "AIDA" + randomText(17)
	}
	if kind == "assumed-role" {
		i.AccessKeyID, i.SessionToken = "ASIA"+randomText(16), randomSecret(120)
		if uniqueID == "" {
			i.UniqueID = "AROA" + randomText(17)
		}
		if _, session := cutLast(name); !strings.Contains(i.UniqueID, ":") {
			i.UniqueID += ":" + session
		}
	}
	return i, nil
}

// authorizer is authorizer.iam as API Gateway fills it. The user id and the caller id are the same but through Cognito.
func (i Identity) authorizer() iamAuthorizer {
	a := iamAuthorizer{AccessKey: i.AccessKeyID, CallerID: i.UniqueID, UserARN: i.ARN, UserID: i.UniqueID}
	if parts := strings.SplitN(i.ARN, ":", 6); len(parts) == 6 {
		a.AccountID = parts[4]
	}
	return a
}

// cutLast cuts around the last slash; without one, all of it is after.
func cutLast(text string) (before, after string) {
	i := strings.LastIndexByte(text, '/')
	return text[:max(i, 0)], text[i+1:]
}

// randomText is n characters as in the ids that IAM makes; rand.Text has 26 of them, of the same alphabet.
func randomText(n int) string { return rand.Text()[:n] }

// randomSecret is n random bytes as text.
func randomSecret(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}
