package localkms

import (
	"slices"
	"strings"
	"time"
)

const maxDescription = 8192 // characters, KMS's own

type createKeyInput struct {
	Description           string `json:"Description"`
	KeyUsage              string `json:"KeyUsage"`
	KeySpec               string `json:"KeySpec"`
	CustomerMasterKeySpec string `json:"CustomerMasterKeySpec"`
	Origin                string `json:"Origin"`
	MultiRegion           bool   `json:"MultiRegion"`
}

// supported says whether a key can be made as it is asked for.
func (in createKeyInput) supported() bool {
	among := func(said, only string) bool { return said == noneSaid || said == only }
	return among(in.KeyUsage, "ENCRYPT_DECRYPT") && among(in.KeySpec, symmetric) && among(in.CustomerMasterKeySpec, symmetric) &&
		among(in.Origin, "AWS_KMS") && !in.MultiRegion
}

type keyOutput struct {
	KeyMetadata keyMetadata `json:"KeyMetadata"`
}

// A keyMetadata is KMS's KeyMetadata.
type keyMetadata struct {
	AWSAccountID          string   `json:"AWSAccountId"`
	Arn                   string   `json:"Arn"`
	CreationDate          float64  `json:"CreationDate"`
	CustomerMasterKeySpec string   `json:"CustomerMasterKeySpec"`
	Description           string   `json:"Description"`
	Enabled               bool     `json:"Enabled"`
	EncryptionAlgorithms  []string `json:"EncryptionAlgorithms"`
	KeyID                 string   `json:"KeyId"`
	KeyManager            string   `json:"KeyManager"`
	KeySpec               string   `json:"KeySpec"`
	KeyState              string   `json:"KeyState"`
	KeyUsage              string   `json:"KeyUsage"`
	MultiRegion           bool     `json:"MultiRegion"`
	Origin                string   `json:"Origin"`
}

func (k storedKey) metadata() keyMetadata {
	m := keyMetadata{
		AWSAccountID: strings.Split(arnPrefix, ":")[4], Arn: k.arn(), CreationDate: seconds(k.Created),
		CustomerMasterKeySpec: symmetric, Description: k.Description, Enabled: !k.Disabled, EncryptionAlgorithms: []string{symmetric},
		KeyID: k.ID.String(), KeyManager: "CUSTOMER", KeySpec: symmetric, KeyState: "Enabled", KeyUsage: "ENCRYPT_DECRYPT",
		Origin: "AWS_KMS",
	}
	if k.Disabled {
		m.KeyState = "Disabled"
	}
	return m
}

// seconds is a time as KMS writes it: seconds since 1970.
func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }

func (e *Endpoint) createKey(who Caller, in createKeyInput) (keyOutput, error) {
	if err := e.administer(who, "CreateKey", "*"); err != nil {
		return keyOutput{}, err
	}
	if !in.supported() {
		return keyOutput{}, failuref("UnsupportedOperationException", "the local KMS makes symmetric keys for encryption, of its own material, in one region")
	}
	if len([]rune(in.Description)) > maxDescription {
		return keyOutput{}, invalid("Description has at most %d characters", maxDescription)
	}
	var made storedKey
	err := e.change(func(s *state) (changed bool, err error) {
		made, err = s.addKey(in.Description, e.Now().UTC())
		return true, err
	})
	return keyOutput{made.metadata()}, err
}

type describeKeyInput struct {
	KeyID       string   `json:"KeyId"`
	GrantTokens []string `json:"GrantTokens"`
}

func (e *Endpoint) describeKey(who Caller, in describeKeyInput) (keyOutput, error) {
	s := e.current.Load()
	if err := s.checkTokens(in.GrantTokens); err != nil {
		return keyOutput{}, err
	}
	key, err := s.key(in.KeyID)
	if err == nil {
		err = e.allow(s, who, key, request{operation: "DescribeKey"})
	}
	if err != nil {
		return keyOutput{}, err
	}
	return keyOutput{key.metadata()}, nil
}

type keyInput struct {
	KeyID string `json:"KeyId"`
}

// nothing is the answer of operations that answer nothing.
type nothing struct{}

func (e *Endpoint) enableKey(who Caller, in keyInput) (nothing, error) {
	return nothing{}, e.disable(who, "EnableKey", in.KeyID, false)
}

func (e *Endpoint) disableKey(who Caller, in keyInput) (nothing, error) {
	return nothing{}, e.disable(who, "DisableKey", in.KeyID, true)
}

func (e *Endpoint) disable(who Caller, operation, name string, disabled bool) error {
	return e.change(func(s *state) (bool, error) {
		key, err := s.keyItself(name)
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(s.Keys, func(k storedKey) bool { return k.ID == key.ID })
		s.Keys[i].Disabled = disabled
		return key.Disabled != disabled, e.administer(who, operation, key.arn())
	})
}

type listAliasesInput struct {
	KeyID  string `json:"KeyId"`
	Limit  *int   `json:"Limit"`
	Marker string `json:"Marker"`
}

type listAliasesOutput struct {
	Aliases    []aliasEntry `json:"Aliases"`
	Truncated  bool         `json:"Truncated"`
	NextMarker string       `json:"NextMarker,omitempty"`
}

type aliasEntry struct {
	AliasName       string  `json:"AliasName"`
	AliasArn        string  `json:"AliasArn"`
	TargetKeyID     string  `json:"TargetKeyId"`
	CreationDate    float64 `json:"CreationDate"`
	LastUpdatedDate float64 `json:"LastUpdatedDate"`
}

// listAliases answers all of them at once: there is no operation that makes more.
func (e *Endpoint) listAliases(who Caller, in listAliasesInput) (listAliasesOutput, error) {
	out := listAliasesOutput{Aliases: []aliasEntry{}}
	if err := e.administer(who, "ListAliases", "*"); err != nil {
		return out, err
	}
	if in.Marker != "" {
		return out, failuref("InvalidMarkerException", "no list of aliases has that marker")
	}
	if _, err := limit(in.Limit); err != nil {
		return out, err
	}
	s := e.current.Load()
	of := storedKey{}
	if in.KeyID != "" {
		var err error
		if of, err = s.keyItself(in.KeyID); err != nil {
			return out, err
		}
	}
	for _, a := range s.Aliases {
		if in.KeyID == "" || a.Key == of.ID {
			out.Aliases = append(out.Aliases, aliasEntry{a.Name, a.arn(), a.Key.String(), seconds(a.Created), seconds(a.Created)})
		}
	}
	return out, nil
}

// limit is the size of a page: 50 unless it is said, and at most 100.
func limit(said *int) (int, error) {
	switch {
	case said == nil:
		return 50, nil
	case *said < 1 || *said > 100:
		return 0, invalid("Limit must be 1 to 100")
	}
	return *said, nil
}
