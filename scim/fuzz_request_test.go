package scim_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"rollcall/credential"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/scim"
)

// judge is a door on an embedded database that fails a test over any answer that
// is not one of SCIM. It is in a dry run, so that an input alone says what comes of
// it, whatever came before. {user} and {group} stand for the ids of those that are there.
type judge struct {
	door  http.Handler
	token string
	ids   *strings.Replacer
}

func newJudge(f *testing.F) *judge {
	f.Helper()
	clock := housetest.NewClock()
	// Its log is not the test's: a slow statement would be told of inside the target.
	db, err := models.Open(f.Context(), housetest.SQLiteSource(f), slog.New(slog.DiscardHandler), clock.Now)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() }) // the file goes with the test
	people := &roster.Service{DB: db, Now: clock.Now, TombstoneKey: []byte("a key for tests")}
	store := &credential.Store{DB: db, Now: clock.Now}
	ctx := housetest.AsOperator(f.Context())
	team, err := people.CreateTeam(ctx, roster.NewTeam{Slug: "acme", Name: "Acme", Plan: models.PlanEnterprise})
	if err != nil {
		f.Fatal(err)
	}
	_, token, err := store.CreateScimToken(ctx, credential.NewScimToken{TeamID: team.ID, Name: "okta"})
	if err != nil {
		f.Fatal(err)
	}
	j := &judge{token: token, ids: strings.NewReplacer()}
	j.door = scim.NewHandler(scim.Options{
		Roster: people, Credentials: store, Cursors: sealing, BaseURL: baseURL, Log: slog.New(slog.DiscardHandler), Now: clock.Now, Calls: j,
	})
	made := func(path, body string) string {
		var out struct{ ID string }
		if err := json.Unmarshal(j.ask(http.MethodPost, path, "", body).Body.Bytes(), &out); err != nil || out.ID == "" {
			f.Fatalf("%s: %v", body, err)
		}
		return out.ID
	}
	user := made("Users", `{"userName":"ada@acme.test","name":{"givenName":"Ada"},"emails":[{"value":"ada@acme.test","type":"work","primary":true}],"shoe":{"size":7}}`)
	group := made("Groups", `{"displayName":"Ops","members":[{"value":"`+user+`"}]}`)
	on := true
	if _, err := people.UpdateProvisioning(ctx, team.ID, roster.ProvisioningChange{DryRun: &on}); err != nil {
		f.Fatal(err)
	}
	j.ids = strings.NewReplacer("{user}", user, "{group}", group)
	return j
}

func (j *judge) ask(method, path, query, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(j.ids.Replace(body)))
	r.Method, r.URL = method, &url.URL{Path: "/scim/acme/v2/" + j.ids.Replace(path), RawQuery: j.ids.Replace(query)}
	r.Header.Set("Authorization", "Bearer "+j.token)
	r.Header.Set("Content-Type", "application/scim+json")
	w := httptest.NewRecorder()
	j.door.ServeHTTP(w, r)
	return w
}

// Record looks at what admins see of the call: text that PostgreSQL can keep.
func (j *judge) Record(row models.ScimCall) {
	for _, s := range []string{row.Body, row.Resource, row.Detail, row.Method} {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || len(s) > 3000 {
			panic("not to be kept: " + strconv.Quote(s))
		}
	}
}

// answered fails over an answer that is no answer of SCIM, and returns it.
func (j *judge) answered(t *testing.T, method, path, query, body string) map[string]any {
	t.Helper()
	w := j.ask(method, path, query, body)
	switch {
	case w.Code >= 500 && w.Code != http.StatusNotImplemented:
		t.Fatalf("%d %s", w.Code, w.Body)
	case w.Code == http.StatusNoContent, w.Code == http.StatusNotModified, method == http.MethodHead:
		if w.Body.Len() > 0 {
			t.Fatalf("%d with a body: %s", w.Code, w.Body)
		}
		return nil
	}
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("%d %v: %s", w.Code, err, w.Body)
	}
	schemas, _ := out["schemas"].([]any)
	if len(schemas) == 0 || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/scim+json") {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if w.Code >= 400 && (out["status"] != strconv.Itoa(w.Code) || schemas[0] != "urn:ietf:params:scim:api:messages:2.0:Error" || out["detail"] == "") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return out
}

// Whatever is asked, the answer is one of SCIM and no failure of ours.
func FuzzRequest(f *testing.F) {
	j := newJudge(f)
	for _, seed := range [][4]string{
		{"GET", "Users", `filter=userName+eq+"ada@acme.test"&count=1`, ""}, {"GET", "Groups", "sortBy=displayName&sortOrder=descending&excludedAttributes=members", ""},
		{"GET", "", "filter=meta.created+gt+%222020-01-01T00:00:00Z%22", ""}, {"GET", "Users/{user}", "attributes=name.givenName,emails[type%20eq%20%22work%22]", ""},
		{"POST", "Users", "", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"bob","active":"False","urn:x:y:2.0:User":{"a":[{"b":1}]}}`},
		{"PUT", "Users/{user}", "", `{"userName":"ada@acme.test","emails":[{"value":"a@acme.test","primary":"true"}],"manager":"x"}`},
		{"PATCH", "Users/{user}", "", `{"Operations":[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"b@acme.test"},{"op":"add","value":{"shoe.size":8}}]}`},
		{"PATCH", "Groups/{group}", "attributes=members", `{"Operations":[{"op":"Remove","path":"members","value":[{"value":"{user}"}]},{"op":"add","path":"members[value eq \"{user}\"].display","value":"A"}]}`},
		{"PUT", "Groups/{group}", "", `{"displayName":"Dev","members":[{"value":"{user}","type":"User","$ref":null}],"externalId":"x"}`},
		{"POST", "Groups", "", `{"displayName":"X","members":"{user}"}`}, {"DELETE", "Users/{user}", "", ""}, {"DELETE", "Groups/{group}/", "", ""},
		{"POST", ".search", "", `{"filter":"id pr","sortBy":"id","startIndex":"2","count":-1,"attributes":"userName","cursor":""}`},
		{"POST", "Bulk", "", `{"failOnErrors":1,"Operations":[{"method":"POST","path":"/Users","bulkId":"1","data":{"userName":"c"}}]}`},
		{"GET", "Me", "", ""}, {"OPTIONS", "Schemas", "", ""}, {"HEAD", "ServiceProviderConfig", "", ""}, {"GET", "ResourceTypes/User", "filter=x", ""}, {"TRACE", "Users//{user}//", "%", "\x00"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, method, path, query, body string) { j.answered(t, method, path, query, body) })
}

// Every operation of a bulk request is answered on its own, and none fails for us.
func FuzzBulk(f *testing.F) {
	j := newJudge(f)
	for _, seed := range []string{
		`[{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"b","manager":{"value":"bulkId:c"}}},{"method":"POST","path":"/Users","bulkId":"c","data":{"userName":"c","manager":{"value":"bulkId:a"}}}]`,
		`[{"method":"PUT","path":"/Groups/{group}","data":{"displayName":"x","members":[{"value":"bulkId:u"}]}},{"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"u"}}]`,
		`[{"method":"PATCH","path":"/Users/{user}","version":"W/\"1\"","data":{"Operations":[{"op":"replace","value":{"active":"false"}}]}},{"method":"DELETE","path":"/Users/bulkId:u"},{"method":"delete","path":"Groups/{group}"}]`,
		`[{"method":"POST","path":"/Groups","bulkId":"bulkId:g","data":{"displayName":"bulkId:bulkId:g","members":{"value":"bulkId:"}}}]`,
		`[{},{"method":"GET","path":"/Users"},{"method":"POST","path":"/Bulk","bulkId":"1","data":{}},{"method":"POST","path":"/Users/.search","bulkId":"2","data":null}]`,
	} {
		f.Add(0, seed)
		f.Add(1, seed)
	}
	f.Fuzz(func(t *testing.T, failOnErrors int, operations string) {
		out := j.answered(t, http.MethodPost, "Bulk", "", `{"failOnErrors":`+strconv.Itoa(failOnErrors)+`,"Operations":`+operations+`}`)
		results, _ := out["Operations"].([]any)
		for _, r := range results {
			o, _ := r.(map[string]any)
			status, err := strconv.Atoi(o["status"].(string))
			if response, _ := o["response"].(map[string]any); err != nil || status < 200 || status >= 500 || status >= 400 && response["status"] != o["status"] {
				t.Fatalf("%v", o)
			}
		}
	})
}

// A cursor that was not given out for a query is refused, and a query string that
// cannot be understood as well.
func FuzzQuery(f *testing.F) {
	j := newJudge(f)
	first := j.ask(http.MethodGet, "", "cursor=&count=1", "")
	var page struct{ NextCursor string }
	if err := json.Unmarshal(first.Body.Bytes(), &page); err != nil || page.NextCursor == "" {
		f.Fatalf("there is no cursor in %s", first.Body)
	}
	for _, seed := range []string{
		"count=1&cursor=" + page.NextCursor, "cursor=&sortBy=userName&count=1", "cursor=AAAAAQAAAAAAAAAAAAAAAAAAAAA", "startIndex=99999999999999999999&count=-5", "sortOrder=descending&sortBy=emails",
		"attributes=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value,shoe&excludedAttributes=name", "Filter=not+(title+pr)+and+emails[type+eq+%22work%22].value+co+%22@%22", "a;b", "%zz", "filter=%ff",
	} {
		f.Add("", seed)
		f.Add("Users", seed)
		f.Add("Groups", seed)
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		out := j.answered(t, http.MethodGet, path, query, "")
		if resources, ok := out["Resources"].([]any); ok && len(resources) > 2 && !strings.EqualFold(strings.Trim(path, "/"), "Schemas") {
			t.Fatalf("more than there is: %v", out)
		}
	})
}
