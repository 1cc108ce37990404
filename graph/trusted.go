package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"rollcall/access"
)

// Trusted are documents that were written down when a dashboard was built. Where
// an installation has them, people's sessions and callers without a credential
// may send no other: a page that runs a script of somebody else's, or whoever
// got hold of a session, can then ask what the dashboard asks and nothing more.
// API keys are for scripts, which write their own documents.
type Trusted struct {
	texts map[string]string // by their ids and by their SHA-256 in hexadecimal digits
}

// ReadTrusted reads a manifest in one of the two usual forms: an object of ids
// and documents, as graphql-codegen and Relay write it, or the object with
// "format": "apollo-persisted-query-manifest". Every document has to be good for
// this server's contract.
func ReadTrusted(manifest []byte) (*Trusted, error) {
	texts, err := manifestTexts(manifest)
	if err != nil {
		return nil, err
	}
	if len(texts) == 0 {
		return nil, errors.New("it holds no document")
	}
	contract := withoutDefer(NewExecutableSchema(Config{}).Schema())
	t := &Trusted{texts: make(map[string]string, 2*len(texts))}
	for id, text := range texts {
		if err := judge(contract, text); err != nil {
			return nil, fmt.Errorf("its document %q: %w", id, err)
		}
		sum := sha256.Sum256([]byte(text))
		t.texts[hex.EncodeToString(sum[:])] = text
	}
	for id, text := range texts {
		if other, taken := t.texts[id]; taken && other != text {
			return nil, fmt.Errorf("its id %q is the SHA-256 of another document", id)
		}
		t.texts[id] = text
	}
	return t, nil
}

func manifestTexts(manifest []byte) (map[string]string, error) {
	var apollo struct {
		Format     string `json:"format"`
		Version    int    `json:"version"`
		Operations []struct {
			ID   string `json:"id"`
			Body string `json:"body"`
		} `json:"operations"`
	}
	if err := json.Unmarshal(manifest, &apollo); err == nil && apollo.Format == "apollo-persisted-query-manifest" {
		if apollo.Version != 1 {
			return nil, fmt.Errorf("its version %d is not known", apollo.Version)
		}
		texts := make(map[string]string, len(apollo.Operations))
		for _, o := range apollo.Operations {
			texts[o.ID] = o.Body
		}
		return texts, nil
	}
	var texts map[string]string
	if err := json.Unmarshal(manifest, &texts); err != nil {
		return nil, errors.New("it is neither an object of ids and documents nor a manifest of Apollo's")
	}
	return texts, nil
}

func judge(contract *ast.Schema, text string) error {
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, DefaultLimits.Tokens)
	if err != nil {
		return err
	}
	if no := DefaultLimits.check(doc); no != nil {
		return errors.New(no.errors[0].Message)
	}
	if errs := validator.ValidateWithRules(contract, doc, newRules(false)); len(errs) > 0 {
		return errs
	}
	return nil
}

// resolve finds the document of a request: the one that came along, a trusted
// one by its id, or one that was remembered by its hash. learn is the hash under
// which it may be remembered.
func (h *Handler) resolve(ctx context.Context, p *parameters) (learn string, no *refusal) {
	if h.trusted == nil {
		return h.persisted.resolve(ctx, p)
	}
	if text, known := h.trusted.texts[idOf(p)]; known && !p.named {
		p.query, p.named = text, true
		return "", nil
	}
	learn, no = h.persisted.resolve(ctx, p)
	if no != nil || writesOwn(ctx) {
		return learn, no
	}
	sum := sha256.Sum256([]byte(p.query))
	if _, known := h.trusted.texts[hex.EncodeToString(sum[:])]; !known {
		return "", refuse(CodeForbidden, "This server answers sessions only the documents of its dashboard; send others with an API key.")
	}
	return "", nil
}

// writesOwn reports whether a caller may send documents that nobody wrote down.
func writesOwn(ctx context.Context) bool {
	kind := access.From(ctx).Kind
	return kind == access.Operator || kind == access.Key
}

// idOf is the id by which a request names its document: documentId, or the
// hash of automatic persisted queries, which clients send for trusted ones too.
func idOf(p *parameters) string {
	if p.documentID != "" {
		return p.documentID
	}
	ext, _ := p.extensions["persistedQuery"].(map[string]any)
	hash, _ := ext["sha256Hash"].(string)
	return hash
}
