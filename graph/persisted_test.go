package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// A document is sent once and named by its hash from then on, by callers with a
// credential.
func TestPersistedQueries(t *testing.T) {
	h := quiet(&stub{})
	const text = "{ viewer { kind } }"
	body := func(query any, hash string) string {
		q := ""
		if query != nil {
			q = fmt.Sprintf(`"query":%q,`, query)
		}
		return fmt.Sprintf(`{%s"extensions":{"persistedQuery":{"version":1,"sha256Hash":%q}}}`, q, hash)
	}
	send := func(body string, asNobody bool) reply {
		ctx := known(t.Context())
		if asNobody {
			ctx = nobody(t.Context())
		}
		return serve(t, h, ctx, request(http.MethodPost, "/graphql", body, asJSON, modern))
	}
	if got := send(body(nil, hashOf(text)), false); got.code() != string(CodePersistedNotFound) || got.body.Errors[0].Message != "PersistedQueryNotFound" || got.status != 400 {
		t.Fatalf("before it is sent: %d %s", got.status, got.text)
	}
	if got := send(body(text, hashOf(text)), true); got.status != 200 {
		t.Errorf("nobody sends it: %s", got.text)
	}
	if got := send(body(nil, hashOf(text)), false); got.code() != string(CodePersistedNotFound) {
		t.Errorf("what nobody sent is remembered: %s", got.text)
	}
	if got := send(body(text, hashOf(text)), false); got.status != 200 {
		t.Errorf("sent: %s", got.text)
	}
	if got := send(body(nil, hashOf(text)), false); got.status != 200 || !strings.Contains(got.text, `"viewer"`) {
		t.Errorf("by its hash: %s", got.text)
	}
	if got := send(body(nil, hashOf(text)), true); got.code() != string(CodePersistedNotFound) {
		t.Errorf("nobody asks by the hash: %s", got.text)
	}
	bad := "{ nonsense }"
	send(body(bad, hashOf(bad)), false)
	if got := send(body(nil, hashOf(bad)), false); got.code() != string(CodePersistedNotFound) {
		t.Errorf("an invalid document is remembered: %s", got.text)
	}
	for name, b := range map[string]string{
		"another hash": body(text, hashOf("x")), "short": body(nil, "abc"),
		"version 2": `{"extensions":{"persistedQuery":{"version":2,"sha256Hash":"` + hashOf(text) + `"}}}`,
		"no object": `{"extensions":{"persistedQuery":true}}`, "nothing at all": `{}`,
	} {
		if got := send(b, false); got.code() != string(CodeBadRequest) || got.status != 400 {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	// The memory is bounded.
	for i := range persistedTexts {
		q := fmt.Sprintf("query Q%d { viewer { kind } }", i)
		send(body(q, hashOf(q)), false)
	}
	if n := h.persisted.texts.Len(); n != persistedTexts {
		t.Errorf("%d documents are remembered", n)
	}
	if got := send(body(nil, hashOf(text)), false); got.code() != string(CodePersistedNotFound) {
		t.Errorf("the oldest one is still there: %s", got.text)
	}
}
