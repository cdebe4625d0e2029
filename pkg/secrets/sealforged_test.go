package secrets_test

import (
	"bytes"
	"maps"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/audit"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// signedBy is the item of a seal that somebody signed, in the place of an hour's.
func signedBy(t *testing.T, signer *secretstest.Signer, place audit.Hour, seal audit.Seal) table.Item {
	t.Helper()
	seal.PublicKey = publicKey(t, signer)
	return signed(t, signer, table.Key{PK: "SEAL", SK: string(place)}, seal.Encode())
}

func publicKey(t *testing.T, signer *secretstest.Signer) audit.PublicKey {
	t.Helper()
	key, err := signer.PublicKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signed is the item of what somebody signed.
func signed(t *testing.T, signer *secretstest.Signer, at table.Key, body []byte) table.Item {
	t.Helper()
	s := audit.Statement{Body: body}
	signature, err := signer.Sign(t.Context(), s.Hash())
	if err != nil {
		t.Fatal(err)
	}
	return table.Item{Key: at, Attributes: map[string]any{"v": int64(1), "b": body, "s": signature}}
}

// Whoever can write the table can put a seal there. A run goes on behind none that is not right, says so, and archives
// nothing; when it is gone again, sealing goes on.
func TestASealThatIsNotOursIsNotGoneOnWith(t *testing.T) {
	const sealed, next, future = audit.Hour("2026-11-26T10"), audit.Hour("2026-11-26T11"), audit.Hour("2027-11-26T11")
	for _, test := range []struct {
		name  string
		forge func(t *testing.T, w *secretstest.World) table.Item
	}{
		{"of an hour that is not over", func(t *testing.T, w *secretstest.World) table.Item {
			return signedBy(t, w.Signer, future, audit.Seal{Organization: w.Organization, Hour: future})
		}},
		{"of another hour", func(t *testing.T, w *secretstest.World) table.Item {
			return signedBy(t, w.Signer, next, audit.Seal{Organization: w.Organization, Hour: sealed})
		}},
		{"of another hour, in the future", func(t *testing.T, w *secretstest.World) table.Item {
			item, _, err := w.Table().Get(t.Context(), table.Key{PK: "SEAL", SK: string(sealed)})
			if err != nil {
				t.Fatal(err)
			}
			item.Key.SK = string(future)
			return item
		}},
		{"of another organization", func(t *testing.T, w *secretstest.World) table.Item {
			return signedBy(t, w.Signer, next, audit.Seal{Organization: uuid.New(), Hour: next})
		}},
		{"by another key", func(t *testing.T, w *secretstest.World) table.Item {
			return signedBy(t, secretstest.NewSigner(), next, audit.Seal{Organization: w.Organization, Hour: next})
		}},
		{"with another's signature", func(t *testing.T, w *secretstest.World) table.Item {
			item := signedBy(t, w.Signer, next, audit.Seal{Organization: w.Organization, Hour: next})
			item.Attributes["s"] = signedBy(t, w.Signer, next, audit.Seal{Hour: next}).Attributes["s"]
			return item
		}},
		{"other than the archive has", func(t *testing.T, w *secretstest.World) table.Item {
			return signedBy(t, w.Signer, sealed, audit.Seal{Organization: w.Organization, Hour: sealed})
		}},
		{"garbage", func(*testing.T, *secretstest.World) table.Item {
			return table.Item{
				Key:        table.Key{PK: "SEAL", SK: string(next)},
				Attributes: map[string]any{"v": int64(1), "b": []byte("garbage"), "s": []byte("garbage")},
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newSealWorld(t, nil)
			busyHour(w)
			w.Clock.Advance(10 * time.Minute)
			seal(t, w)
			busyHour(w)
			busyHour(w)
			item := test.forge(t, w)
			right, found, err := w.Table().Get(t.Context(), item.Key)
			if err != nil {
				t.Fatal(err)
			}
			before := w.Archive.Files()
			write(t, w.Table(), table.Put(item, table.Unconditional()))
			if r, err := w.SealEvents(w.Context()); err == nil || r.Sealed != 0 {
				t.Errorf("%+v, %v", r, err)
			}
			if after := w.Archive.Files(); !maps.EqualFunc(before, after, bytes.Equal) {
				t.Errorf("%d files became %d", len(before), len(after))
			}
			undo := table.Delete(item.Key, table.Unconditional())
			if found {
				undo = table.Put(right, table.Unconditional())
			}
			write(t, w.Table(), undo)
			if r := seal(t, w); r.Sealed != 2 {
				t.Errorf("without it: %+v", r)
			}
			clean(t, w.Verify(w.Export(secrets.EventTimes{})))
		})
	}
}

// A seal whose run was stopped before it was archived is archived by the next.
func TestASealThatIsOursIsArchivedLater(t *testing.T) {
	w := newSealWorld(t, nil)
	busyHour(w)
	w.Clock.Advance(10 * time.Minute)
	hour := audit.Hour("2026-11-26T10")
	write(t, w.Table(), table.Put(signedBy(t, w.Signer, hour, audit.Seal{Organization: w.Organization, Hour: hour}), table.Unconditional()))
	if r := seal(t, w); r.Sealed != 0 || r.Through != hour || len(w.Archive.Files()) != 1 {
		t.Errorf("%+v, %d files", r, len(w.Archive.Files()))
	}
}

// What is archived is not given back unless it is a seal of ours.
func TestTheArchiveGivesNoOtherSealsBack(t *testing.T) {
	w := newSealWorld(t, nil)
	busyHour(w)
	w.Clock.Advance(10 * time.Minute)
	seal(t, w)
	if err := w.Archive.Put(t.Context(), "seal-2026-11-26T11.json", w.Archive.Files()["seal-2026-11-26T10.json"]); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Hour)
	if r, err := w.SealEvents(w.Context()); err == nil || r.Sealed+r.Restored != 0 || count(t, w, "SEAL") != 1 {
		t.Errorf("%+v, %v, %d seals", r, err, count(t, w, "SEAL"))
	}
}

// Whoever writes another retention into the table than anybody can set has nothing removed.
func TestNothingIsRemovedForARetentionThatNobodyCanSet(t *testing.T) {
	for _, days := range []int64{-2, 1, 29, 3651, math.MaxInt64, math.MinInt64} {
		w := newSealWorld(t, nil)
		busyHour(w)
		w.Clock.Advance(50 * time.Hour)
		keepDays(t, w, days)
		if r, err := w.SealEvents(w.Context()); err == nil || r.Sealed != 50 || r.Removed != 0 {
			t.Errorf("%d days: %+v, %v", days, r, err)
		}
		if seals, removals := count(t, w, "SEAL"), count(t, w, "REMOVAL"); seals != 50 || removals != 0 {
			t.Errorf("%d days: %d seals and %d removals", days, seals, removals)
		}
	}
}

// Whoever can write the table can put a removal there. Nothing is removed for one that is not right, nor archived; when it is
// gone again, what is old enough goes.
func TestARemovalThatIsNotOursRemovesNothing(t *testing.T) {
	const first, last = audit.Hour("2026-11-26T10"), audit.Hour("2026-12-20T23")
	removal := func(t *testing.T, w *secretstest.World, by *secretstest.Signer, organization uuid.UUID) table.Item {
		r := audit.Removal{Organization: organization, From: first, To: last, RemovedAt: w.Clock.Now(), PublicKey: publicKey(t, by)}
		return signed(t, by, table.Key{PK: "REMOVAL", SK: string(first)}, r.Encode())
	}
	for _, test := range []struct {
		name  string
		forge func(t *testing.T, w *secretstest.World) table.Item
	}{
		{"of another place", func(t *testing.T, w *secretstest.World) table.Item {
			item := removal(t, w, w.Signer, w.Organization)
			item.Key.SK = string(last)
			return item
		}},
		{"of another organization", func(t *testing.T, w *secretstest.World) table.Item {
			return removal(t, w, w.Signer, uuid.New())
		}},
		{"by another key", func(t *testing.T, w *secretstest.World) table.Item {
			return removal(t, w, secretstest.NewSigner(), w.Organization)
		}},
		{"with another's signature", func(t *testing.T, w *secretstest.World) table.Item {
			item := removal(t, w, w.Signer, w.Organization)
			item.Attributes["s"] = removal(t, w, w.Signer, uuid.New()).Attributes["s"]
			return item
		}},
		{"garbage", func(*testing.T, *secretstest.World) table.Item {
			return table.Item{
				Key:        table.Key{PK: "REMOVAL", SK: string(first)},
				Attributes: map[string]any{"v": int64(1), "b": []byte("garbage"), "s": []byte("garbage")},
			}
		}},
		{"other than the archive has", func(t *testing.T, w *secretstest.World) table.Item {
			if err := w.Archive.Put(t.Context(), "removal-2026-11-26T10.json", archivedRemoval(t)); err != nil {
				t.Fatal(err)
			}
			return removal(t, w, w.Signer, w.Organization)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newSealWorld(t, nil)
			busyHour(w)
			keepDays(t, w, 30)
			w.Clock.Advance(26 * 24 * time.Hour)
			seal(t, w)
			item := test.forge(t, w)
			before, seals := w.Archive.Files(), count(t, w, "SEAL")
			write(t, w.Table(), table.Put(item, table.Unconditional()))
			if r, err := w.SealEvents(w.Context()); err == nil || r.Removed != 0 || count(t, w, "SEAL") != seals {
				t.Errorf("%+v, %v", r, err)
			}
			if after := w.Archive.Files(); !maps.EqualFunc(before, after, bytes.Equal) {
				t.Errorf("%d files became %d", len(before), len(after))
			}
			if before["removal-2026-11-26T10.json"] != nil {
				return // the archive keeps what it has
			}
			write(t, w.Table(), table.Delete(item.Key, table.Unconditional()))
			w.Clock.Advance(5 * 24 * time.Hour)
			if r := seal(t, w); r.Removed != 14 {
				t.Errorf("without it: %+v", r)
			}
			clean(t, w.Verify(w.Export(secrets.EventTimes{})))
		})
	}
}

// archivedRemoval is what the archive of a world has of another removal.
func archivedRemoval(t *testing.T) []byte {
	t.Helper()
	w := newSealWorld(t, nil)
	busyHour(w)
	keepDays(t, w, 30)
	w.Clock.Advance(31 * 24 * time.Hour)
	seal(t, w)
	return w.Archive.Files()["removal-2026-11-26T10.json"]
}
