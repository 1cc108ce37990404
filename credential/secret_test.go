package credential_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
)

// door is one way in by a secret.
type door struct {
	name, prefix string
	enter        func(ctx context.Context, secret string) (access.Actor, error)
}

func (h *house) doors() []door {
	return []door{
		{"API key", "rck_", h.store.Authenticate},
		{"SCIM token", "rcs_", h.store.AuthenticateScim},
		{"session", "rcb_", h.store.AuthenticateSession},
	}
}

// secrets has a live secret for each of doors.
func (h *house) secrets() []string {
	h.Helper()
	admin := h.direct(models.RoleAdmin)
	_, key := h.key(admin)
	_, token := h.token()
	_, cookie := h.session(admin)
	return []string{key, token, cookie}
}

// What scanners for leaked secrets are told: prefix, 52 characters of
// randomness, 7 of a CRC-32 over all before them.
func TestSecretForm(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		form := regexp.MustCompile(`^rc[ksb]_[0-9a-hjkmnp-tv-z]{59}$`)
		for i, secret := range h.secrets() {
			d := h.doors()[i]
			if !form.MatchString(secret) || !strings.HasPrefix(secret, d.prefix) {
				t.Errorf("the secret of a %s has another form: %d characters", d.name, len(secret))
			}
			if _, err := d.enter(h.Context(), secret); err != nil {
				t.Errorf("a fresh %s is refused: %v", d.name, err)
			}
		}
		m := h.direct(models.RoleMember)
		seen := map[string]bool{}
		for range 20 {
			row, secret := h.key(m)
			seen[secret] = true
			same(t, "shown", row.Prefix, secret[:12])
		}
		same(t, "different secrets", len(seen), 20)
		// The checksum is what the description says, not only what the code says.
		for _, d := range h.doors() {
			ctx, statements := models.CountStatements(h.Context())
			_, err := d.enter(ctx, forge(d.prefix))
			refused(t, "well-formed unknown "+d.name, err, fault.NotSignedIn)
			same(t, "statements for a well-formed unknown "+d.name, statements.Load(), 1)
		}
	})
}

// A typo costs no statement, whatever and wherever it is.
func TestTyposNeverReachTheDatabase(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		secrets := h.secrets()
		for i, d := range h.doors() {
			good := secrets[i]
			ctx, statements := models.CountStatements(h.Context())
			try := func(what, text string) {
				t.Helper()
				if text == good {
					return
				}
				if _, err := d.enter(ctx, text); !fault.Is(err, fault.NotSignedIn) || statements.Load() != 0 {
					t.Fatalf("%s, %s: error %v after %d statements", d.name, what, err, statements.Load())
				}
			}
			for at := range len(good) {
				for _, c := range "0123456789abcdefghijklmnopqrstuvwxyzABCXYZ_-+/= \x00é" {
					try("another character", good[:at]+string(c)+good[at+1:])
				}
				try("a character less", good[:at]+good[at+1:])
				try("a character more", good[:at]+"0"+good[at:])
				if at > 0 && good[at-1] != good[at] {
					try("two characters swapped", good[:at-1]+good[at:at+1]+good[at-1:at]+good[at+1:])
				}
			}
			for _, text := range []string{"", d.prefix, " " + good, good + " ", good + "\n", strings.ToUpper(good), good + good, strings.Repeat("a", 1<<20), "Bearer " + good} {
				try("another text", text)
			}
			// The secrets of the other doors do not open this one.
			for j, other := range secrets {
				if j != i {
					try("the secret of another door", other)
				}
			}
		}
	})
}
