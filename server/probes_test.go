package server_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/models"
)

// planted is a secret that probes carry. No answer and no line of the log may
// hold it.
const planted = "rck_swordfish"

// probe is one request that means no good, and what has to come of it.
type probe struct {
	name    string
	method  string // POST unless it says otherwise
	query   string // behind the address
	body    string
	headers []string // Content-Type is application/json unless it says otherwise
	open    bool     // without the key
	status  []int    // one of these; 400 when empty
	code    string   // the first error's, "" for none
}

// carrying makes a body of a document and variables.
func carrying(text string, variables ...any) string {
	body := map[string]any{"query": text}
	if len(variables) > 0 {
		body["variables"] = variables[0]
	}
	out, err := json.Marshal(body)
	if err != nil {
		return ""
	}
	return string(out)
}

// times repeats a pattern with its number.
func times(n int, pattern string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(pattern, "#", fmt.Sprint(i)))
	}
	return b.String()
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

const (
	tooLarge = "DOCUMENT_TOO_LARGE"
	tooDeep  = "DOCUMENT_TOO_DEEP"
	invalid  = "GRAPHQL_VALIDATION_FAILED"
	unparsed = "GRAPHQL_PARSE_FAILED"
	badInput = "BAD_USER_INPUT"
	badBody  = "BAD_REQUEST"
	noCookie = "PREFLIGHT_REQUIRED"
	noType   = "UNSUPPORTED_MEDIA_TYPE"
	unknown  = "UNAUTHENTICATED"
)

// overload is what tries to make the server work for long.
func overload() []probe {
	deep := strings.Repeat("{team(slug:\"a\")", 1) + strings.Repeat("{memberships{nodes{team", 30) + "{id" + strings.Repeat("}", 92)
	doubling := "{...F0}" + times(25, " fragment F# on Query {...G# ...G#} fragment G# on Query {__typename}")
	exponential := "{...F0}"
	for i := range 24 {
		exponential += fmt.Sprintf(" fragment F%d on Query {...F%d ...F%d}", i, i+1, i+1)
	}
	exponential += " fragment F24 on Query {viewer {kind}}"
	return []probe{
		{name: "a thousand aliases", body: carrying("{" + times(1000, "a#: __typename ") + "}"), code: tooLarge},
		{name: "sixteen aliases of a costly field", body: carrying("{" + times(16, `a#: team(slug: "a") { id } `) + "}"), code: tooLarge},
		{name: "one field ten thousand times", body: carrying("{" + strings.Repeat("__typename ", 10_000) + "}"), code: tooLarge},
		{name: "one field six times", body: carrying("{" + strings.Repeat("__typename ", 6) + "}"), code: tooLarge},
		{name: "deep nesting", body: carrying(deep), code: tooDeep},
		{name: "very deep brackets", body: carrying(strings.Repeat("{a", 20_000)), code: tooDeep},
		{name: "a very deep list value", body: carrying(`{node(id: ` + strings.Repeat("[", 3_000) + strings.Repeat("]", 900) + `) {id}}`), code: tooDeep},
		{name: "a very deep object value", body: carrying(`{node(id: ` + strings.Repeat("{a:", 1_300) + `1`), code: tooDeep},
		{name: "circular introspection", body: carrying("{__schema{types{fields{type{fields{type{fields{type{fields{type{fields{type{fields{type{name}}}}}}}}}}}}}}}"), code: tooDeep},
		{name: "a fragment that spreads itself", body: carrying("{...A} fragment A on Query {...A}"), code: invalid},
		{name: "two fragments that spread each other", body: carrying("{...A} fragment A on Query {...B} fragment B on Query {...A}"), code: invalid},
		{name: "fragments that double", body: carrying(exponential), code: tooLarge},
		{name: "fragments that nobody spreads", body: carrying(doubling), code: invalid},
		{name: "a thousand fragments", body: carrying("{__typename}" + times(1000, " fragment F# on Query {__typename}")), code: tooLarge},
		{name: "fragments of one name", body: carrying("{...A} fragment A on Query {__typename} fragment A on Query {viewer {kind}}"), code: invalid},
		{name: "inline fragments all the way down", body: carrying("{" + strings.Repeat("...{", 1_500) + "__typename" + strings.Repeat("}", 1_500) + "}"), code: tooDeep},
		{name: "a thousand directives", body: carrying("{__typename " + strings.Repeat("@include(if: true) ", 1_000) + "}"), code: tooLarge},
		{name: "four directives at one place", body: carrying("{__typename " + strings.Repeat("@a ", 4) + "}"), code: tooLarge},
		{name: "unknown directives", body: carrying("{" + times(20, "a#: __typename @x# ") + "}"), code: tooLarge},
		{name: "a thousand operations", body: carrying(times(1000, "query Q# {__typename} ")), code: tooLarge},
		{name: "a thousand variables", body: carrying("query(" + times(1000, "$v#: Int ") + ") {__typename}"), code: tooLarge},
		{name: "a thousand root fields", body: carrying("{" + times(300, `t#: system { version } `) + "}"), code: tooLarge},
		{name: "six mutations", body: carrying("mutation {" + times(6, `m#: revokeApiKey(input: {apiKeyId: "x"}) { clientMutationId } `) + "}"), code: tooLarge},
		{name: "a hundred hundreds", body: carrying("{teams(first: 100) {nodes {memberships(first: 100) {nodes {user {id}}}}}}"), code: "COMPLEXITY_LIMIT_EXCEEDED"},
		{name: "a hundred hundreds by variables", body: carrying("query($n: Int) {teams(first: $n) {nodes {memberships(last: $n) {nodes {user {id}}}}}}", map[string]any{"n": 100}), code: "COMPLEXITY_LIMIT_EXCEEDED"},
		{name: "hundreds of mails", body: carrying("{teams(first: 100) {nodes {invitations(first: 100) {nodes {team {id}}}}}}"), code: "COMPLEXITY_LIMIT_EXCEEDED"},
		{name: "a page of a million", body: carrying("{teams(first: 1000000) {totalCount}}"), status: []int{294}, code: badInput},
		{name: "a page of none below nothing", body: carrying("{teams(first: -1) {totalCount}}"), status: []int{294}, code: badInput},
		{name: "two hundred nodes by id", body: carrying("query($i: [ID!]!) {nodes(ids: $i) {id}}", map[string]any{"i": strings.Split(strings.Repeat("x,", 200)+"x", ",")}), status: []int{294, 400}, code: badInput},
		{name: "a filter of a thousand actions", body: carrying("query($a: [String!]) {auditEvents(filter: {actions: $a}) {totalCount}}", map[string]any{"a": strings.Split(strings.Repeat("x.,", 1000)+"x", ",")}), status: []int{294}, code: badInput},
		{name: "a long text to search for", body: carrying(`query($s: String) {team(slug: "acme") {memberships(filter: {search: $s}) {totalCount}}}`, map[string]any{"s": strings.Repeat("é", 50_000)}), status: []int{294}, code: badInput},
		{name: "deep JSON", body: `{"query":"{__typename}","variables":` + strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_001), code: badBody},
		{name: "a deep list in JSON", body: `{"query":"{__typename}","extensions":{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}}`, code: badBody},
		{name: "a body beyond the limit", body: `{"query":"` + strings.Repeat(" ", 300<<10) + `{__typename}"}`, status: []int{413}, code: "REQUEST_TOO_LARGE"},
		{name: "a body far beyond the limit", body: strings.Repeat("x", 4<<20), status: []int{413}, code: "REQUEST_TOO_LARGE"},
		{name: "a long name", body: carrying("{" + strings.Repeat("a", 200_000) + "}"), code: invalid},
		{name: "many similar names", body: carrying("{" + times(290, "vieweq ") + "}"), code: tooLarge},
		{name: "a long block string", body: carrying(`{node(id: """` + strings.Repeat("\n  x", 50_000) + `""") {id}}`), status: []int{200, 294, 400}},
		{name: "a comment of 200 KB", body: carrying("{__typename} #" + strings.Repeat("x", 200_000)), status: []int{200}},
		{name: "a batch", body: "[" + strings.Repeat(carrying("{__typename}")+",", 100) + carrying("{__typename}") + "]", code: badBody},
		{name: "an endless number", body: carrying(`{teams(first: ` + strings.Repeat("9", 50_000) + `) {totalCount}}`), status: []int{294, 400}},
		{name: "a number beyond int64", body: `{"query":"query($n: Int) {teams(first: $n) {totalCount}}","variables":{"n":99999999999999999999999}}`, status: []int{294, 400}, code: badInput},
		{name: "an infinite float", body: `{"query":"query($n: Int) {teams(first: $n) {totalCount}}","variables":{"n":1e999}}`, status: []int{294, 400}, code: badInput},
		{name: "a fraction for an Int", body: `{"query":"query($n: Int) {teams(first: $n) {totalCount}}","variables":{"n":1.5}}`, code: badInput},
	}
}

// forgery is what another site could make a browser send, or a proxy mistake.
func forgery() []probe {
	one := "query=" + url.QueryEscape("{__typename}")
	change := url.QueryEscape(`mutation {createTeam(input: {slug: "forged", name: "x", plan: FREE}) {team {id}}}`)
	return []probe{
		{name: "a form", body: one, headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: []int{415}, code: noType},
		{name: "plain text", body: carrying("{__typename}"), headers: []string{"Content-Type", "text/plain"}, status: []int{415}, code: noType},
		{name: "plain text that calls itself JSON", body: carrying("{__typename}"), headers: []string{"Content-Type", "text/plain; application/json"}, status: []int{415}, code: noType},
		{name: "no type", body: carrying("{__typename}"), headers: []string{"Content-Type", ""}, status: []int{415}, code: noType},
		{name: "a form with a file", open: true, body: "--x\r\n", headers: []string{"Content-Type", "multipart/form-data; boundary=x"}, status: []int{403}, code: noCookie},
		{name: "a plain GET", open: true, method: http.MethodGet, query: one, status: []int{403}, headers: []string{"Content-Type", ""}, code: noCookie},
		{name: "a GET of a mutation", method: http.MethodGet, query: "query=" + change, headers: []string{"X-Rollcall-Request", "1"}, status: []int{405}, code: "METHOD_NOT_ALLOWED"},
		{name: "a GET of a subscription", method: http.MethodGet, query: "query=" + url.QueryEscape(`subscription {auditEventAdded(teamId: "x") {id}}`), status: []int{405}, code: "METHOD_NOT_ALLOWED"},
		{name: "a POST with its mutation in the URL", query: "query=" + change, body: "{}", code: badBody},
		{name: "a method in a header", method: http.MethodGet, query: "query=" + change, headers: []string{"X-HTTP-Method-Override", "POST"}, status: []int{405}, code: "METHOD_NOT_ALLOWED"},
		{name: "PUT", method: http.MethodPut, body: carrying("{__typename}"), status: []int{405}, code: "METHOD_NOT_ALLOWED"},
		{name: "TRACE", method: "TRACE", status: []int{405}, code: "METHOD_NOT_ALLOWED"},
		{name: "a question of another site", method: http.MethodOptions, headers: []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-rollcall-request"}, status: []int{403, 405}},
		{name: "a POST of another site", body: carrying("{__typename}"), headers: []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, status: []int{403}, code: "FORBIDDEN"},
		{name: "a POST of no site", body: carrying("{__typename}"), headers: []string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, status: []int{403}, code: "FORBIDDEN"},
		{name: "a zip bomb", body: zipped(`{"query":"` + strings.Repeat(" ", 50<<20) + `{__typename}"}`), headers: []string{"Content-Encoding", "gzip"}, status: []int{415}, code: noType},
		{name: "compressed twice", body: "x", headers: []string{"Content-Encoding", "gzip, gzip"}, status: []int{415}, code: noType},
		{name: "a body in UTF-16", body: "\xff\xfe{\x00}\x00", headers: []string{"Content-Type", "application/json; charset=utf-16"}, status: []int{415}, code: noType},
		{name: "a subscription without Accept", body: carrying(`subscription {auditEventAdded(teamId: "x") {id}}`), headers: []string{"Accept", "application/json"}, status: []int{406}, code: "NOT_ACCEPTABLE"},
		{name: "a WebSocket", method: http.MethodGet, headers: []string{"Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol", "graphql-transport-ws"}, code: badBody},
		{name: "an id of the sender's", body: carrying("{__typename}"), headers: []string{"X-Request-Id", planted}, status: []int{200}},
		{name: "an address of the sender's", body: carrying("{__typename}"), headers: []string{"X-Forwarded-For", planted, "Forwarded", "for=" + planted}, status: []int{200}},
	}
}

// leaks is what asks for more than it may know, or hopes for an error that tells.
func leaks(secretID string) []probe {
	return []probe{
		{name: "introspection", open: true, body: carrying("{__schema{types{name}}}"), status: []int{403}, code: "INTROSPECTION_DISABLED"},
		{name: "introspection in a fragment", open: true, body: carrying("{...F} fragment F on Query {__schema{types{name}}}"), status: []int{403}, code: "INTROSPECTION_DISABLED"},
		{name: "introspection by an alias", open: true, body: carrying(`{a: __type(name: "Team") {fields {name}}}`), status: []int{403}, code: "INTROSPECTION_DISABLED"},
		{name: "a suggestion of a field", open: true, body: carrying("{viewe{kind}}"), code: invalid},
		{name: "a suggestion of a type", open: true, body: carrying("{viewer{... on Tea{id}}}"), code: invalid},
		{name: "a suggestion of an argument", open: true, body: carrying(`{team(slu: "x"){id}}`), code: invalid},
		{name: "a suggestion of a value", open: true, body: carrying(`mutation{createTeam(input:{slug:"x",name:"x",plan:FRE}){team{id}}}`), code: invalid},
		{name: "a suggestion of an input field", open: true, body: carrying(`mutation{createTeam(input:{slu:"x"}){team{id}}}`), code: invalid},
		{name: "everything of a team without a credential", open: true, body: carrying(`{team(slug:"acme"){id}}`), code: unknown, status: []int{401}},
		{name: "a node without a credential", open: true, body: carrying(`{node(id:"` + secretID + `"){id}}`), code: unknown, status: []int{401}},
		{name: "a forbidden field behind a permitted one", open: true, body: carrying(`{viewer{kind} teams{totalCount}}`), code: unknown, status: []int{401}},
		{name: "a forbidden field in a fragment", open: true, body: carrying(`{viewer{kind} ...F} fragment F on Query {... on Query {teams{totalCount}}}`), code: unknown, status: []int{401}},
		{name: "a forbidden field that is skipped", open: true, body: carrying(`{viewer{kind} teams @skip(if: true) {totalCount}}`), code: unknown, status: []int{401}},
		{name: "a mutation without a credential", open: true, body: carrying(`mutation{createTeam(input:{slug:"x12",name:"x",plan:FREE}){team{id}}}`), code: unknown, status: []int{401}},
		{name: "a stream without a credential", open: true, body: carrying(`subscription{auditEventAdded(teamId:"` + secretID + `"){id}}`), headers: []string{"Accept", "text/event-stream"}, code: unknown, status: []int{401}},
		{name: "a hash that others may know", open: true, body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0", 64) + `"}}}`, code: "PERSISTED_QUERY_NOT_FOUND"},
		{name: "a hash of another document", body: `{"query":"{__typename}","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0", 64) + `"}}}`, code: badBody},
		{name: "a hash that is none", body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + planted + `"}}}`, code: badBody},
		{name: "a version of hashes that there is not", body: `{"extensions":{"persistedQuery":{"version":{"$gt":0},"sha256Hash":"x"}}}`, code: badBody},
		{name: "a key that is not live", open: true, headers: []string{"Authorization", "Bearer " + planted}, body: carrying("{__typename}"), status: []int{401}, code: unknown},
		{name: "two keys", open: true, headers: []string{"Authorization", "Basic " + planted}, body: carrying("{__typename}"), status: []int{401}, code: unknown},
		{name: "SQL in an argument", body: carrying(`{team(slug: "' OR 1=1 --") {id}}`), status: []int{200}},
		{name: "SQL in an id", body: carrying(`{node(id: "team_' UNION SELECT secret_hash FROM api_keys --") {id}}`), status: []int{200, 294}},
		{name: "SQL in a cursor", body: carrying(`{teams(after: "' OR 1=1") {totalCount}}`), status: []int{294}, code: badInput},
		{name: "a pattern to search by", body: carrying(`{team(slug: "acme") {memberships(filter: {search: "%"}) {totalCount}}}`), status: []int{200}},
		{name: "NUL in an argument", body: carrying("query($s: String!) {team(slug: $s) {id}}", map[string]any{"s": "ac\x00me"}), status: []int{200}},
		{name: "NUL in an id", body: carrying("query($s: ID!) {node(id: $s) {id}}", map[string]any{"s": "team_\x00"}), status: []int{200, 294}},
		{name: "NUL in a new name", body: carrying("mutation($s: String!) {createTeam(input: {slug: \"nul\", name: $s, plan: FREE}) {userErrors {code}}}", map[string]any{"s": "a\x00b"}), status: []int{200}},
		{name: "NUL in a filter", body: carrying(`query($s: String) {team(slug: "acme") {memberships(filter: {userNameStartsWith: $s}) {totalCount}}}`, map[string]any{"s": "a\x00"}), status: []int{200, 294}},
		{name: "NUL in a code", body: carrying(`query($s: String) {team(slug: "acme") {loginAttempts(filter: {code: $s}) {totalCount}}}`, map[string]any{"s": "a\x00"}), status: []int{200, 294}},
		{name: "NUL in an action", body: carrying(`query($s: [String!]) {team(slug: "acme") {auditEvents(filter: {actions: $s}) {totalCount}}}`, map[string]any{"s": []string{"a\x00", "b\x00."}}), status: []int{200, 294}},
		{name: "half a surrogate", body: `{"query":"query($s: String!) {team(slug: $s) {id}}","variables":{"s":"\ud800"}}`, status: []int{200}},
		{name: "bytes that are no UTF-8", body: "{\"query\":\"{team(slug: \\\"\xff\xfe\\\") {id}}\"}", status: []int{200, 400}},
		{name: "bytes that are no UTF-8 in a document's name", body: "{\"query\":\"{a\xff}\"}", code: unparsed},
		{name: "a name in another alphabet", body: carrying("{vіewer {kind}}"), code: unparsed}, // the i is Cyrillic
		{name: "a byte order mark", body: carrying("\ufeff{__typename}"), status: []int{200}},
		{name: "a turned text", body: carrying("query($s: String!) {team(slug: $s) {id}}", map[string]any{"s": "\u202eacme"}), status: []int{200}},
		{name: "a secret in a document that is none", body: carrying("{ " + planted + "! }"), code: unparsed},
		{name: "a secret in a value of the wrong type", body: carrying("query($n: Int) {teams(first: $n) {totalCount}}", map[string]any{"n": planted}), code: badInput},
		{name: "a secret as a literal of the wrong type", body: carrying(`{teams(first: "` + planted + `") {totalCount}}`), code: invalid},
		{name: "a secret as a literal that is no value", body: carrying(`mutation {createTeam(input: {slug: "x", name: "x", plan: "` + planted + `"}) {team {id}}}`), code: invalid},
		{name: "a secret in JSON that is none", body: `{"query":"{__typename}","variables":` + planted, code: badBody},
		{name: "a date that is none", body: carrying("query($d: DateTime) {auditEvents(filter: {since: $d}) {totalCount}}", map[string]any{"d": map[string]any{"x": planted}}), status: []int{294, 400}, code: badInput},
		{name: "a date far away", body: carrying(`{auditEvents(filter: {since: "9999-12-31T23:59:59Z", until: "0000-01-01T00:00:00Z"}) {totalCount}}`), status: []int{200, 294}},
		{name: "an enum in small letters", body: carrying(`query($p: Plan!) {__typename @include(if: true) viewer {kind}}`, map[string]any{"p": "free"}), status: []int{200, 400}},
		{name: "a prototype", body: `{"query":"{__typename}","__proto__":{"admin":true},"constructor":{"prototype":{}}}`, status: []int{200}},
		{name: "a parameter twice", body: `{"query":"{__typename}","query":"{viewer{kind}}"}`, status: []int{200}},
		{name: "an operation that is not there", body: `{"query":"query A{__typename}","operationName":"` + planted + `"}`, code: invalid},
		{name: "an address that leads inside", body: carrying(`mutation {previewMetadata(input: {teamId: "` + secretID + `", url: "http://127.0.0.1:1/metadata"}) {userErrors {code}}}`), status: []int{200}},
		{name: "an address of a cloud's secrets", body: carrying(`mutation {previewMetadata(input: {teamId: "` + secretID + `", url: "http://169.254.169.254/latest/meta-data/"}) {userErrors {code}}}`), status: []int{200}},
		{name: "a file by its address", body: carrying(`mutation {previewMetadata(input: {teamId: "` + secretID + `", url: "file:///etc/passwd"}) {userErrors {code}}}`), status: []int{200, 294}},
		{name: "an entity in metadata", body: carrying(`mutation($x: String) {previewMetadata(input: {teamId: "`+secretID+`", xml: $x}) {userErrors {code message}}}`, map[string]any{"x": `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><EntityDescriptor entityID="&e;"/>`}), status: []int{200}},
	}
}

// Nothing bad comes of any of it: the expected refusal in the expected form, no
// failure of ours, no word of the inside, nothing of a planted secret, and a server
// that goes on answering.
func TestProbes(t *testing.T) {
	h := boot(t, models.Source{Dialect: models.SQLite, DSN: filepath.Join(t.TempDir(), "rollcall.db")})
	team, ok := at(h.mutate(`mutation {createTeam(input: {slug: "acme", name: "Acme", plan: ENTERPRISE}) {team {id} userErrors {code}}}`, nil), "team", "id").(string)
	if !ok {
		t.Fatal("no team")
	}
	all := append(append(overload(), forgery()...), leaks(team)...)
	if len(all) < 70 {
		t.Errorf("only %d probes", len(all))
	}
	seen := map[string]bool{}
	for _, p := range all {
		if seen[p.name] {
			t.Errorf("two probes are called %q", p.name)
		}
		seen[p.name] = true
		t.Run(p.name, func(t *testing.T) { h.probe(t, p) })
	}
	h.heard.MustNotHold(t, planted)
	h.heard.MustNotHold(t, "panic")
	if got := h.query(newBrowser(t), h.operator, `{team(slug: "forged") {id}}`, nil); got.Data["team"] != nil {
		t.Error("a forged mutation was carried out")
	}
}

// inside are words that only the inside of the server uses.
var inside = []string{"goroutine", "runtime error", "panic", ".go:", "gorm", "gqlgen", "SQLSTATE", "sqlite", "no such table", "syntax error at", "Did you mean", "/root/", "root:x:0", planted}

func (h *house) probe(t *testing.T, p probe) {
	t.Helper()
	headers := map[string]string{"Content-Type": "application/json", "Accept": "application/graphql-response+json"}
	if !p.open {
		headers["Authorization"] = "Bearer " + h.operator
	}
	for i := 0; i < len(p.headers); i += 2 {
		headers[p.headers[i]] = p.headers[i+1]
	}
	if p.method == "" {
		p.method = http.MethodPost
	}
	if len(p.status) == 0 {
		p.status = []int{400}
	}
	req, err := http.NewRequestWithContext(t.Context(), p.method, h.url+"/graphql?"+p.query, strings.NewReader(p.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	res, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		Data   any
		Errors []struct {
			Message    string
			Extensions struct{ Code, RequestID string }
		}
	}
	if err := json.Unmarshal(text, &body); err != nil && len(text) > 0 {
		t.Errorf("no JSON: %.200q", text)
	}
	code := ""
	for _, e := range body.Errors {
		if code == "" {
			code = e.Extensions.Code
		}
		if e.Extensions.Code == "" || e.Extensions.Code == "INTERNAL_SERVER_ERROR" || e.Extensions.RequestID == "" {
			t.Errorf("an error without code or request id, or a failure of ours: %+v", e)
		}
	}
	fits := false
	for _, s := range p.status {
		fits = fits || s == res.StatusCode
	}
	if !fits || p.code != "" && code != p.code || res.StatusCode >= 500 {
		t.Errorf("%d %s instead of %v %s: %.300s", res.StatusCode, code, p.status, p.code, text)
	}
	for _, word := range inside {
		if strings.Contains(string(text), word) {
			t.Errorf("the answer tells %q: %.300s", word, text)
		}
	}
	if len(text) > 32<<10 || len(body.Errors) > 20 {
		t.Errorf("an answer of %d bytes with %d errors", len(text), len(body.Errors))
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "", "Server": "", "X-Powered-By": ""} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
}

// A request that is sent bit by bit, or whose parts say two things of its length,
// is no other request afterwards.
func TestRawProbes(t *testing.T) {
	h := boot(t, models.Source{Dialect: models.SQLite, DSN: filepath.Join(t.TempDir(), "rollcall.db")})
	host := strings.TrimPrefix(h.url, "http://")
	head := "POST /graphql HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\n"
	one := `{"query":"{__typename}"}`
	chunked := func(sizes string) string {
		return head + "Transfer-Encoding: chunked\r\n\r\n" + sizes
	}
	for name, c := range map[string]struct{ raw, status string }{
		"chunks of a byte":     {chunked(times(len(one), "1\r\n#\r\n") + "0\r\n\r\n"), "400"},
		"chunks":               {chunked(fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(one), one)), "200"},
		"a chunk of no size":   {chunked("zz\r\n\r\n"), "400"},
		"a chunk without end":  {chunked("ffffffffffffffffff\r\n"), "400"},
		"two lengths":          {head + "Content-Length: 5\r\nContent-Length: 24\r\n\r\n" + one, "400"},
		"a length and chunks":  {head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(one), one), "200"},
		"a length below zero":  {head + "Content-Length: -1\r\n\r\n", "400"},
		"no host":              {"POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n" + one, "400"},
		"a folded header":      {head + "X-A: 1\r\n 2\r\nContent-Length: 24\r\n\r\n" + one, ""},
		"a header with a NUL":  {head + "X-A: \x00\r\nContent-Length: 24\r\n\r\n" + one, "400"},
		"a header of 2 MB":     {head + "X-A: " + strings.Repeat("x", 2<<20) + "\r\n\r\n", "431"},
		"ten thousand headers": {head + times(10_000, "X-#: "+strings.Repeat("y", 200)+"\r\n") + "\r\n", "431"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
			go func() { _, _ = io.WriteString(conn, c.raw) }()
			line, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil && c.status != "431" { // the server may hang up on the rest of a header
				t.Fatal(err)
			}
			if err == nil && (c.status != "" && !strings.Contains(line, " "+c.status+" ") || strings.Contains(line, " 5")) {
				t.Errorf("%q, not %s", line, c.status)
			}
		})
	}
	if got := h.query(newBrowser(t), h.operator, "{viewer {kind}}", nil); got.status != http.StatusOK {
		t.Errorf("afterwards: %+v", got)
	}
}

// What is of another team and what is nowhere get the same answer, in every way
// to ask for it.
func TestForeignIsUnknown(t *testing.T) {
	h := boot(t, models.Source{Dialect: models.SQLite, DSN: filepath.Join(t.TempDir(), "rollcall.db")})
	_, _, keys := twoTeams(h)
	foreign := at(h.query(newBrowser(t), h.operator, `{team(slug: "globex") {id memberships {nodes {id}}}}`, nil).Data, "team")
	ids := []string{at(foreign, "id").(string)}
	for _, n := range at(foreign, "memberships", "nodes").([]any) {
		ids = append(ids, at(n, "id").(string))
	}
	for _, id := range ids {
		prefix, rest, _ := strings.Cut(id, "_")
		nowhere := prefix + "_" + strings.Repeat("0", len(rest)-1) + "4" // another id of the form
		for _, ask := range []string{
			`query($i: ID!) {node(id: $i) {id}}`,
			`query($i: ID!) {nodes(ids: [$i]) {id}}`,
			`query($i: ID!) {enforcementPreview(teamId: $i) {canEnforce}}`,
			`mutation($i: ID!) {removeMembership(input: {membershipId: $i}) {deletedMembershipId userErrors {code field message}}}`,
			`mutation($i: ID!) {updateTeam(input: {teamId: $i, name: "x"}) {team {id} userErrors {code field message}}}`,
			`mutation($i: ID!) {createScimToken(input: {teamId: $i, name: "x"}) {secret userErrors {code field message}}}`,
		} {
			a, b := h.query(newBrowser(t), keys, ask, map[string]any{"i": id}), h.query(newBrowser(t), keys, ask, map[string]any{"i": nowhere})
			if fmt.Sprint(a.status, a.Data, messages(a)) != fmt.Sprint(b.status, b.Data, messages(b)) {
				t.Errorf("%s: of another team %+v, nowhere %+v", ask, a, b)
			}
		}
	}
}

func messages(r result) (out []string) {
	for _, e := range r.Errors {
		out = append(out, fmt.Sprint(e.Message, e.Extensions["code"]))
	}
	return out
}

// twoTeams makes acme and globex with an admin each, and a key of acme's admin
// with every scope.
func twoTeams(h *house) (acme, globex, key string) {
	h.t.Helper()
	for _, slug := range []string{"acme", "globex"} {
		team, _ := at(h.mutate(fmt.Sprintf(`mutation {createTeam(input: {slug: %q, name: "Team", plan: ENTERPRISE}) {team {id} userErrors {code}}}`, slug), nil), "team", "id").(string)
		member := seedMember(h, team)
		h.mutate(`mutation($m: ID!) {updateMembership(input: {membershipId: $m, role: ADMIN}) {membership {id} userErrors {code}}}`, map[string]any{"m": member})
		if slug == "globex" {
			return acme, team, key
		}
		acme = team
		key, _ = h.mutate(`mutation($t: ID!, $m: ID!) {createApiKey(input: {teamId: $t, membershipId: $m, name: "k",
			scopes: [TEAM_READ, TEAM_WRITE, MEMBERSHIP_READ, MEMBERSHIP_WRITE, SSO_READ, SSO_WRITE, KEY_WRITE, AUDIT_READ]}) {secret userErrors {code message}}}`, map[string]any{"t": team, "m": member})["secret"].(string)
	}
	return acme, globex, key
}
