//go:build realidps

package realidps

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
)

// rollcall is the running server with what an operator has after its start.
type rollcall struct {
	url, operator string
	db            *models.DB // for reading what was recorded of refused sign-ins
	log           string
	front         front // where it fetches metadata
}

var operatorKey = regexp.MustCompile(`rck_\w+`)

// startRollcall starts the program on an empty database.
func startRollcall(t *testing.T, src models.Source) *rollcall {
	t.Helper()
	program, address := setting(t, "E2E_ROLLCALL"), freeAddress(t)
	database := src.DSN
	if src.Dialect == models.SQLite {
		database = "sqlite:" + src.DSN
	}
	// Mail goes to a folder: by default the log has it, with the addresses that the
	// log must not hold.
	env := []string{"ROLLCALL_ADDR=" + address, "ROLLCALL_DATABASE_URL=" + database, "ROLLCALL_SMTP_URL=file:" + t.TempDir()}
	before := startFront(t)
	env = append(env, "SSL_CERT_FILE="+before.roots, "ROLLCALL_METADATA_NETWORKS=127.0.77.0/24")
	migrate := exec.CommandContext(t.Context(), program, "migrate")
	migrate.Env = append(os.Environ(), env...)
	if out, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
	r := &rollcall{url: "http://" + address, front: before}
	r.log = run(t, r.url+"/readyz", env, program)
	said, err := os.ReadFile(r.log)
	if err != nil {
		t.Fatal(err)
	}
	if r.operator = operatorKey.FindString(string(said)); r.operator == "" {
		t.Fatal("the first start printed no operator key")
	}
	r.db = housetest.Open(t, src, time.Now)
	return r
}

// ask sends a document to the API, with a key or the browser's cookie, and
// reads its data into out. It returns the codes of errors.
func (r *rollcall) ask(b *browser, key, document string, variables map[string]any, out any) (codes []string) {
	b.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		b.t.Fatal(err)
	}
	var headers []string
	if key != "" {
		headers = []string{"Authorization", "Bearer " + key}
	}
	got := b.send(http.MethodPost, r.url+"/graphql", "application/json", string(body), headers...)
	var reply struct {
		Data   json.RawMessage
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal([]byte(got.body), &reply); err != nil {
		b.t.Fatalf("%v in %s", err, got.body)
	}
	for _, e := range reply.Errors {
		codes = append(codes, e.Extensions.Code)
	}
	if len(reply.Data) > 0 {
		if err := json.Unmarshal(reply.Data, out); err != nil {
			b.t.Fatalf("%v in %s", err, reply.Data)
		}
	}
	return codes
}

// payload is what the mutations here answer.
type payload struct {
	Team             struct{ ID string }
	IdentityProvider struct{ ID string }
	Certificate      struct{ ID string }
	Secret, BaseURL  string
	UserErrors       []struct{ Code, Message string }
}

// mutate runs a mutation as the operator; any error fails the test.
func (r *rollcall) mutate(t *testing.T, call, selection string, input map[string]any) payload {
	t.Helper()
	kind := strings.ToUpper(call[:1]) + call[1:] + "Input!"
	document := "mutation($input: " + kind + ") { done: " + call + "(input: $input) { " + selection + " userErrors { code message } } }"
	var out struct{ Done payload }
	if codes := r.ask(newBrowser(t), r.operator, document, map[string]any{"input": input}, &out); len(codes) > 0 {
		t.Fatalf("%s: %v", call, codes)
	}
	if len(out.Done.UserErrors) > 0 {
		t.Fatalf("%s: %v", call, out.Done.UserErrors)
	}
	return out.Done
}

// viewer is who the API says is asking.
type viewer struct {
	User    struct{ Email string }
	Session struct {
		NameID string
		Team   struct{ Slug string }
	}
}

// viewer is nil when nobody is signed in.
func (r *rollcall) viewer(b *browser) *viewer {
	b.t.Helper()
	var out struct{ Viewer *viewer }
	if codes := r.ask(b, "", "{ viewer { user { email } session { nameId team { slug } } } }", nil, &out); len(codes) > 0 {
		b.t.Fatalf("viewer: %v", codes)
	}
	return out.Viewer
}

// member is a membership as the operator sees it.
type member struct {
	ID, Role, Source, Status string
	User                     struct{ Email string }
	ExternalIdentity         *struct{ NameID, Issuer string }
}

func (r *rollcall) members(t *testing.T, slug string) []member {
	t.Helper()
	var out struct {
		Team struct{ Memberships struct{ Nodes []member } }
	}
	document := `query($slug: String!) { team(slug: $slug) { memberships(first: 50) { nodes {
		id role source status user { email } externalIdentity { nameId issuer } } } } }`
	if codes := r.ask(newBrowser(t), r.operator, document, map[string]any{"slug": slug}, &out); len(codes) > 0 {
		t.Fatalf("members: %v", codes)
	}
	return out.Team.Memberships.Nodes
}

// removeByScim does what an identity provider does: looks the person up and
// deletes them.
func (r *rollcall) removeByScim(t *testing.T, teamID, userName string) {
	t.Helper()
	token := r.mutate(t, "createScimToken", "secret baseUrl", map[string]any{"teamId": teamID, "name": "e2e"})
	b, bearer := newBrowser(t), "Bearer "+token.Secret
	found := b.send(http.MethodGet, token.BaseURL+"/Users?"+url.Values{"filter": {`userName eq "` + userName + `"`}}.Encode(), "", "", "Authorization", bearer)
	var list struct{ Resources []struct{ ID string } }
	if err := json.Unmarshal([]byte(found.body), &list); err != nil || len(list.Resources) != 1 {
		t.Fatalf("looking %s up: %d %s (%v)", userName, found.status, found.body, err)
	}
	if gone := b.send(http.MethodDelete, token.BaseURL+"/Users/"+list.Resources[0].ID, "", "", "Authorization", bearer); gone.status != http.StatusNoContent {
		t.Fatalf("removing %s: %d %s", userName, gone.status, gone.body)
	}
}

var attemptID = regexp.MustCompile(`\btry_\w+`)

// reason is the code that was recorded for the attempt that a page names. The
// page itself must not tell it.
func (r *rollcall) reason(t *testing.T, p page) fault.Code {
	t.Helper()
	shown := attemptID.FindString(p.body)
	id, err := models.ParseGlobal(models.PrefixLoginAttempt, shown)
	if err != nil {
		t.Fatalf("%s answered %d and names no attempt (%v): %.500s", p.url, p.status, err, p.body)
	}
	var attempt models.LoginAttempt
	if err := r.db.Read(t.Context()).Where("id = ?", id).Take(&attempt).Error; err != nil {
		t.Fatalf("the attempt %s: %v", shown, err)
	}
	if attempt.Outcome != models.AttemptRefused {
		t.Fatalf("the attempt is recorded as %s", attempt.Outcome)
	}
	if strings.Contains(p.body, attempt.Code) {
		t.Errorf("the page tells whoever tries that it was %s", attempt.Code)
	}
	return fault.Code(attempt.Code)
}
