package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"rollcall/access"
)

// persistedTexts is how many documents a replica remembers by their hash, each
// no longer than cachedEntry.
const persistedTexts = 500

// persisted are automatic persisted queries: a caller sends the SHA-256 of a
// document alone and, where it is not known, the document beside it. It saves
// bytes and is no safeguard. Only callers with a credential take part, so nobody
// else fills the memory or asks what is in it.
type persisted struct {
	mu    sync.Mutex
	texts *simplelru.LRU[string, string]
}

func newPersisted() *persisted {
	// The size is positive, which is all that can be wrong.
	texts, _ := simplelru.NewLRU[string, string](persistedTexts, nil)
	return &persisted{texts: texts}
}

// resolve finds the document of a request that names one by its hash. learn is
// the hash under which the document may be remembered once it proved good.
func (s *persisted) resolve(ctx context.Context, p *parameters) (learn string, no *refusal) {
	ext, given := p.extensions["persistedQuery"]
	if !given {
		if !p.named {
			return "", refuse(CodeBadRequest, "The parameter query is missing.")
		}
		return "", nil
	}
	fields, _ := ext.(map[string]any)
	hash, _ := fields["sha256Hash"].(string)
	if version, _ := fields["version"].(int64); version != 1 || len(hash) != 2*sha256.Size {
		return "", refuse(CodeBadRequest, "extensions.persistedQuery needs version 1 and a sha256Hash of 64 hexadecimal digits.")
	}
	if p.named {
		sum := sha256.Sum256([]byte(p.query))
		if hash != hex.EncodeToString(sum[:]) {
			return "", refuse(CodeBadRequest, "The hash of extensions.persistedQuery is not that of the document.")
		}
		return hash, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	text, known := s.texts.Get(hash)
	if !known || !access.From(ctx).Known() {
		// The words are what clients of automatic persisted queries look for.
		return "", refuse(CodePersistedNotFound, "PersistedQueryNotFound")
	}
	p.query = text
	return "", nil
}

// remember keeps a document that passed every check.
func (s *persisted) remember(ctx context.Context, hash, text string) {
	if hash == "" || len(text) > cachedEntry || !access.From(ctx).Known() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts.Add(hash, text)
}
