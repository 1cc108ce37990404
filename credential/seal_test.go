package credential_test

import (
	"bytes"
	"testing"
)

// What is sealed opens with the same purpose and the same associated data, and
// in no other way; the same text is sealed differently every time.
func TestAEAD(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ring, err := h.store.Unlock(t.Context(), "the secret key of this installation", "")
		h.must(err)
		a, err := ring.AEAD("one purpose")
		h.must(err)
		other, err := ring.AEAD("another purpose")
		h.must(err)
		sealed := a.Seal(nil, nil, []byte("private"), []byte("team|row"))
		if bytes.Contains(sealed, []byte("private")) || bytes.Equal(sealed, a.Seal(nil, nil, []byte("private"), []byte("team|row"))) {
			t.Error("it is not sealed, or twice alike")
		}
		if plain, err := a.Open(nil, nil, sealed, []byte("team|row")); err != nil || string(plain) != "private" {
			t.Errorf("opened as %q, %v", plain, err)
		}
		if _, err := a.Open(nil, nil, sealed, []byte("team|other row")); err == nil {
			t.Error("it opens in another row")
		}
		if _, err := other.Open(nil, nil, sealed, []byte("team|row")); err == nil {
			t.Error("it opens for another purpose")
		}
		sealed[len(sealed)-1] ^= 1
		if _, err := a.Open(nil, nil, sealed, []byte("team|row")); err == nil {
			t.Error("it opens after a change")
		}
	})
}
