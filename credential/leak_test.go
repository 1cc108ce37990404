package credential_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/internal/housetest"
	"rollcall/models"
)

// A secret is in the answer that made it and nowhere else: not in a row, an
// audit event, an error or a log line, whole or as the hash it is kept as.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock := housetest.NewClock()
		log, text := housetest.NewLog()
		db, err := models.Open(t.Context(), src, log, clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		h := newHouse(t, db, clock)
		m := h.direct(models.RoleAdmin)
		h.direct(models.RoleAdmin)
		ctx := access.WithRequest(h.Context(), access.Request{ID: "req-1", IP: "192.0.2.7", UserAgent: "test"})
		key, keySecret, err := h.store.CreateAPIKey(as(h, m), credential.NewAPIKey{TeamID: h.team.ID, MembershipID: m.ID, Name: "ci", Scopes: models.Scopes})
		h.must(err)
		token, tokenSecret := h.token()
		_, operatorSecret, err := h.store.CreateOperatorKey(h.operator(), "ops")
		h.must(err)
		firstSecret, err := h.store.FirstOperatorKey(housetest.AsSystem(ctx))
		h.must(err)
		_, cookie, err := h.open(ctx, m)
		h.must(err)
		_, err = h.store.Unlock(ctx, givenKey, "")
		h.must(err)
		secrets := []string{keySecret, tokenSecret, operatorSecret, firstSecret, cookie}
		var errors []string
		for _, secret := range secrets {
			for _, d := range h.doors() {
				for _, try := range []string{secret, secret[:20], secret + "x"} {
					if _, err := d.enter(ctx, try); err != nil {
						errors = append(errors, err.Error())
					}
				}
			}
		}
		_, err = h.store.RevokeAPIKey(h.operator(), key.ID)
		h.must(err)
		_, err = h.roster.Remove(h.operator(), m.ID)
		h.must(err)
		dump, events := dump(h), table(h, "audit_events")
		if !strings.Contains(dump, key.Prefix) || !strings.Contains(dump, token.Prefix) || !strings.Contains(events, "api_key.created") {
			t.Fatal("the dump does not hold the rows")
		}
		// Statements that fail are logged; their values are not.
		h.must(h.db.Read(ctx).Exec("DROP TABLE scim_tokens").Error)
		_, err = h.store.AuthenticateScim(ctx, tokenSecret)
		if err == nil || !strings.Contains(text.String(), "scim_tokens") {
			t.Fatalf("the statement that failed is not in the log, error %v", err)
		}
		errors = append(errors, err.Error())
		for i, secret := range append(secrets, givenKey) {
			text.MustNotHold(t, secret)
			for place, where := range map[string]string{"the database": dump, "an error": strings.Join(errors, "\n")} {
				if strings.Contains(where, secret) {
					t.Errorf("%s holds secret %d", place, i)
				}
			}
			sum := sha256.Sum256([]byte(secret))
			for _, form := range []string{hex.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(sum[:]), secret[13:30]} {
				text.MustNotHold(t, form)
				if strings.Contains(events, form) {
					t.Errorf("an audit event holds secret %d in another form", i)
				}
			}
		}
	})
}

// dump is everything that the database holds.
func dump(h *house) string {
	h.Helper()
	var b strings.Builder
	for _, row := range models.All {
		stmt := &gorm.Statement{DB: h.db.Read(h.Context())}
		h.must(stmt.Parse(row))
		b.WriteString(table(h, stmt.Schema.Table))
	}
	return b.String()
}

// table is everything that a table holds, bytes as text.
func table(h *house, name string) string {
	h.Helper()
	var rows []map[string]any
	h.must(h.db.Read(h.Context()).Table(name).Find(&rows).Error)
	for _, row := range rows {
		for column, v := range row {
			if raw, ok := v.([]byte); ok {
				row[column] = string(raw)
			}
		}
	}
	return fmt.Sprint(rows)
}
