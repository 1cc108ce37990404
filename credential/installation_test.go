package credential_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/internal/housetest"
	"rollcall/models"
)

const givenKey = "a secret key that an operator chose themselves"

// replicas are stores with connections of their own to one fresh database of
// each kind, as several servers that start at once.
func replicas(t *testing.T, n int, fn func(t *testing.T, stores []*credential.Store)) {
	t.Helper()
	t.Parallel()
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		stores := make([]*credential.Store, n)
		for i := range stores {
			stores[i] = &credential.Store{DB: housetest.Open(t, src, housetest.NewClock().Now), Now: housetest.NewClock().Now}
		}
		fn(t, stores)
	})
}

// fingerprint tells two keyrings apart.
func fingerprint(t *testing.T, ring credential.Keyring) string {
	t.Helper()
	key, err := ring.For("test")
	if err != nil {
		t.Fatal(err)
	}
	return string(key)
}

func TestKeyring(t *testing.T) {
	replicas(t, 1, func(t *testing.T, stores []*credential.Store) {
		ring, err := stores[0].Unlock(t.Context(), givenKey, "")
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{givenKey: true}
		for _, purpose := range []string{"fingerprint", "tombstones", "a", "b", ""} {
			key, err := ring.For(purpose)
			if err != nil || len(key) != 32 || seen[string(key)] {
				t.Errorf("the key for %q has %d bytes, error %v", purpose, len(key), err)
			}
			again, _ := ring.For(purpose)
			if !bytes.Equal(key, again) {
				t.Errorf("the key for %q changes", purpose)
			}
			seen[string(key)] = true
		}
	})
}

// A replica with another key must not start, whatever it was before.
func TestAnotherKeyIsRefused(t *testing.T) {
	replicas(t, 2, func(t *testing.T, stores []*credential.Store) {
		ctx := t.Context()
		first, err := stores[0].Unlock(ctx, givenKey, "")
		if err != nil {
			t.Fatal(err)
		}
		second, err := stores[1].Unlock(ctx, givenKey, "")
		if err != nil || fingerprint(t, first) != fingerprint(t, second) {
			t.Errorf("the same key again: %v", err)
		}
		for name, key := range map[string]string{"another": "another " + givenKey, "shorter": givenKey[1:], "spaced": givenKey + " "} {
			if _, err := stores[1].Unlock(ctx, key, ""); !errors.Is(err, credential.ErrWrongSecretKey) {
				t.Errorf("%s key: %v", name, err)
			}
		}
		// Nor does it start with one that it makes up.
		dir := t.TempDir()
		for name, file := range map[string]string{"in the database": "", "in a file": filepath.Join(dir, "key")} {
			if _, err := stores[1].Unlock(ctx, "", file); !errors.Is(err, credential.ErrWrongSecretKey) {
				t.Errorf("a generated key %s: %v", name, err)
			}
		}
		// And leaves nothing behind that looks like the key.
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%d files are left, error %v", len(left), err)
		}
		row := installation(t, stores[0].DB)
		if len(row.GeneratedKey) != 0 || strings.Contains(string(row.KeyFingerprint), givenKey) {
			t.Error("the database holds the key")
		}
		if _, err := stores[1].Unlock(ctx, givenKey, ""); err != nil {
			t.Errorf("the right key after wrong ones: %v", err)
		}
	})
}

func installation(t *testing.T, db *models.DB) models.Installation {
	t.Helper()
	var row models.Installation
	if err := db.Read(t.Context()).Where("id = 1").Take(&row).Error; err != nil {
		t.Fatal(err)
	}
	return row
}

// Servers that start at once make one key and agree on it.
func TestConcurrentStarts(t *testing.T) {
	for _, place := range []string{"file", "database"} {
		t.Run(place, func(t *testing.T) {
			replicas(t, 4, func(t *testing.T, stores []*credential.Store) {
				file := ""
				if place == "file" {
					file = filepath.Join(t.TempDir(), "rollcall.key")
				}
				rings := make([]credential.Keyring, 4*len(stores))
				errs := make([]error, len(rings))
				var wg sync.WaitGroup
				for i := range rings {
					wg.Go(func() { rings[i], errs[i] = stores[i%len(stores)].Unlock(t.Context(), "", file) })
				}
				wg.Wait()
				if err := errors.Join(errs...); err != nil {
					t.Fatal(err)
				}
				for _, r := range rings[1:] {
					if fingerprint(t, r) != fingerprint(t, rings[0]) {
						t.Fatal("two servers have different keys")
					}
				}
				later, err := stores[0].Unlock(t.Context(), "", file)
				if err != nil || fingerprint(t, later) != fingerprint(t, rings[0]) {
					t.Errorf("a later start: %v", err)
				}
				kept := string(installation(t, stores[0].DB).GeneratedKey)
				if place == "file" {
					same(t, "key in the database", kept, "")
					checkFile(t, file)
					text, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					kept = strings.TrimSpace(string(text))
				}
				if len(kept) < 43 {
					t.Errorf("the key has %d characters, that is less than 256 bits", len(kept))
				}
				// The generated key can be moved into the settings.
				moved, err := stores[0].Unlock(t.Context(), kept, "")
				if err != nil || fingerprint(t, moved) != fingerprint(t, rings[0]) {
					t.Errorf("the key as a setting: %v", err)
				}
			})
		})
	}
}

// checkFile holds the key file to its owner alone, in a folder without leftovers.
func checkFile(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: mode %v, error %v", info.Mode().Perm(), err)
	}
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("the folder has %d files, error %v", len(entries), err)
	}
}

// A key file that was lost or spoilt is not replaced: what it locked would be
// lost with it.
func TestSpoiltKeyFile(t *testing.T) {
	replicas(t, 1, func(t *testing.T, stores []*credential.Store) {
		store, ctx := stores[0], t.Context()
		file := filepath.Join(t.TempDir(), "rollcall.key")
		if _, err := store.Unlock(ctx, "", filepath.Join(file, "nowhere")); err == nil {
			t.Error("a file in a folder that does not exist was made")
		}
		if _, err := store.Unlock(ctx, "", file); err != nil {
			t.Fatal(err)
		}
		good, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"empty": "", "cut off": string(good[:20]), "blank": strings.Repeat(" \n", 40)} {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Unlock(ctx, "", file); err == nil || strings.Contains(err.Error(), string(good[:10])) {
				t.Errorf("%s: %v", name, err)
			}
			if now, err := os.ReadFile(file); err != nil || string(now) != text {
				t.Errorf("%s: the file was changed, error %v", name, err)
			}
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		_, err = store.Unlock(ctx, "", file)
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("a lost file: %v", err)
		}
		if _, err := os.Stat(file); err == nil {
			t.Error("another key was made in place of the lost one")
		}
		if err := os.WriteFile(file, good, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Unlock(ctx, "", file); err != nil {
			t.Errorf("the file from the backup: %v", err)
		}
	})
}

// However many servers start on an empty database, one operator key is shown.
func TestFirstOperatorKey(t *testing.T) {
	for _, unlocked := range []bool{false, true} { // a server settles its secret key before
		t.Run(fmt.Sprintf("unlocked=%v", unlocked), func(t *testing.T) {
			replicas(t, 4, func(t *testing.T, stores []*credential.Store) {
				if unlocked {
					if _, err := stores[0].Unlock(t.Context(), givenKey, ""); err != nil {
						t.Fatal(err)
					}
				}
				firstKey(t, stores)
			})
		})
	}
}

func firstKey(t *testing.T, stores []*credential.Store) {
	t.Helper()
	ctx := housetest.AsSystem(t.Context())
	secrets := make([]string, 8)
	errs := make([]error, len(secrets))
	var wg sync.WaitGroup
	for i := range secrets {
		wg.Go(func() { secrets[i], errs[i] = stores[i%len(stores)].FirstOperatorKey(ctx) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, s := range secrets {
		if s != "" {
			shown = append(shown, s)
		}
	}
	if len(shown) != 1 {
		t.Fatalf("%d keys are shown", len(shown))
	}
	a, err := stores[1].Authenticate(ctx, shown[0])
	if err != nil || a.Kind != access.Operator {
		t.Errorf("the key opens as %q, error %v", a.Kind, err)
	}
	var keys, events int64
	err = errors.Join(
		stores[0].DB.Read(ctx).Model(&models.APIKey{}).Count(&keys).Error,
		stores[0].DB.Read(ctx).Model(&models.AuditEvent{}).Where("action = 'api_key.created' AND actor_kind = 'SYSTEM'").Count(&events).Error,
	)
	if err != nil || keys != 1 || events != 1 {
		t.Errorf("%d keys, %d events, error %v", keys, events, err)
	}
	// Also when that key is gone: it is the first start's only.
	if _, err := stores[0].RevokeAPIKey(housetest.AsOperator(t.Context()), a.CredentialID); err != nil {
		t.Fatal(err)
	}
	if again, err := stores[2].FirstOperatorKey(ctx); err != nil || again != "" {
		t.Errorf("a later start shows a key, error %v", err)
	}
}

// A start that was interrupted shows its key the next time: what was not
// committed was not shown.
func TestInterruptedFirstStart(t *testing.T) {
	replicas(t, 1, func(t *testing.T, stores []*credential.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if secret, err := stores[0].FirstOperatorKey(ctx); err == nil || secret != "" {
			t.Errorf("after the end of its context: error %v", err)
		}
		if secret, err := stores[0].FirstOperatorKey(housetest.AsSystem(t.Context())); err != nil || secret == "" {
			t.Errorf("the next start: error %v", err)
		}
	})
}
