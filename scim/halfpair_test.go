package scim

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// halfPair says what encoding/json would hide: that it put a replacement in the
// place of half a pair, where the text has none.
func TestHalfPair(t *testing.T) {
	parts := []string{`\ud83d`, `\uDE00`, `\ud800`, `\udfff`, `\ue000`, `\ud7ff`, `\u0041`, `\\`, `\"`, `\n`, "x", "u", "d83d", `\\ud83d`, `\/`}
	random := rand.New(rand.NewPCG(7, 643))
	seen := map[bool]int{}
	for range 50_000 {
		var text strings.Builder
		for range 1 + random.IntN(6) {
			text.WriteString(parts[random.IntN(len(parts))])
		}
		raw := []byte(`{"` + text.String() + `":["` + text.String() + `"]}`)
		var tree map[string][]string
		if err := json.Unmarshal(raw, &tree); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		for _, list := range tree {
			want := strings.ContainsRune(list[0], '\ufffd')
			if got := halfPair(raw); got != want {
				t.Fatalf("%s: %v, must be %v", raw, got, want)
			}
			seen[want]++
		}
	}
	if seen[true] < 1000 || seen[false] < 1000 {
		t.Errorf("halves %d, none %d", seen[true], seen[false])
	}
	for _, short := range []string{``, `\`, `\u`, `\ud8`, `\ud83d`, `\ud83d\`, `\ud83d\ude`} {
		halfPair([]byte(short)) // cut off anywhere it reads no further
	}
}
