package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"rollcall/config"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/server"
)

// house is a running server with what an operator has right after the start.
type house struct {
	t        *testing.T
	rooms    *server.Rooms
	url      string
	operator string
	heard    *housetest.Log
}

// configFor is what config.Parse makes for a server on a loopback address.
func configFor(src models.Source, address string) config.Config {
	return config.Config{
		Addr: address, BaseURL: "http://" + address, LogFormat: config.LogText, RateLimit: true,
		Database: config.Database{Dialect: string(src.Dialect), DSN: src.DSN},
	}
}

// boot starts a server on a migrated database and stops it with the test.
func boot(t *testing.T, src models.Source) *house { return bootBeside(t, src, "") }

// bootBeside starts another server on a database that has an operator key.
func bootBeside(t *testing.T, src models.Source, key string) *house {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	log, heard := housetest.NewLog()
	ctx, cancel := context.WithCancel(t.Context())
	rooms, err := server.Open(ctx, configFor(src, l.Addr().String()), log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Listen(ctx, l, rooms.Handler(), log) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stopping the server: %v", err)
		}
		if err := rooms.DB.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	h := &house{t: t, rooms: rooms, url: rooms.Config.BaseURL, heard: heard, operator: key}
	if key != "" {
		return h
	}
	var said bytes.Buffer
	if err := rooms.AnnounceOperatorKey(ctx, &said); err != nil {
		t.Fatal(err)
	}
	h.operator = regexp.MustCompile(`rck_\w+`).FindString(said.String())
	if h.operator == "" {
		t.Fatalf("no operator key in %q", said.String())
	}
	return h
}

func eachHouse(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	housetest.EachSource(t, func(t *testing.T, src models.Source) { fn(t, boot(t, src)) })
}

// browser is a client with cookies that follows no redirect by itself.
type browser struct {
	t *testing.T
	c *http.Client
}

func newBrowser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{
		Jar: jar, Timeout: 2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

func (b *browser) do(req *http.Request) answer {
	b.t.Helper()
	res, err := b.c.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{res, string(text)}
}

func (b *browser) send(method, address, contentType, body string, headers ...string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return b.do(req)
}

func (b *browser) get(address string) answer { return b.send(http.MethodGet, address, "", "") }

func (b *browser) post(address string, form url.Values) answer {
	return b.send(http.MethodPost, address, "application/x-www-form-urlencoded", form.Encode())
}

// result is a GraphQL answer.
type result struct {
	status int
	Data   map[string]any `json:"data"`
	Errors []struct {
		Message    string         `json:"message"`
		Extensions map[string]any `json:"extensions"`
	} `json:"errors"`
}

// query asks the API with the browser's cookies and, when key is not empty,
// with an API key.
func (h *house) query(b *browser, key, document string, variables map[string]any) result {
	h.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		h.t.Fatal(err)
	}
	headers := []string{}
	if key != "" {
		headers = []string{"Authorization", "Bearer " + key}
	}
	got := b.send(http.MethodPost, h.url+"/graphql", "application/json", string(body), headers...)
	out := result{status: got.StatusCode}
	if err := json.Unmarshal([]byte(got.body), &out); err != nil {
		h.t.Fatalf("%v in %s", err, got.body)
	}
	return out
}

// mutate runs a mutation as the operator and returns its payload. It fails the
// test on any error.
func (h *house) mutate(document string, variables map[string]any) map[string]any {
	h.t.Helper()
	out := h.query(newBrowser(h.t), h.operator, document, variables)
	if len(out.Errors) > 0 {
		h.t.Fatalf("%s: %+v", document, out.Errors)
	}
	for _, payload := range out.Data {
		p, ok := payload.(map[string]any)
		if !ok {
			h.t.Fatalf("%s: payload %v", document, payload)
		}
		if errs, _ := p["userErrors"].([]any); len(errs) > 0 {
			h.t.Fatalf("%s: %v", document, errs)
		}
		return p
	}
	h.t.Fatalf("%s: no payload", document)
	return nil
}

// at walks into nested maps and lists by names.
func at(v any, path ...string) any {
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func textAt(v any, path ...string) string {
	s, _ := at(v, path...).(string)
	return s
}
