package server_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/server"
)

var (
	graphqlBlock   = regexp.MustCompile("(?s)```graphql\n(.*?)```")
	operationStart = regexp.MustCompile(`(?m)^(query|mutation)\b`)
)

// examples are the GraphQL operations in the documents, one a line or a block.
func examples(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, file := range append([]string{"../README.md"}, files...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range graphqlBlock.FindAllStringSubmatch(string(text), -1) {
			starts := operationStart.FindAllStringIndex(block[1], -1)
			for i, start := range starts {
				end := len(block[1])
				if i+1 < len(starts) {
					end = starts[i+1][0]
				}
				out[file] = append(out[file], block[1][start[0]:end])
			}
		}
	}
	return out
}

// Every operation in README and docs does what it says when the dots are
// filled in.
func TestExamplesInTheDocuments(t *testing.T) {
	idp, err := idptest.New("https://idp.example/entity", "https://idp.example/sso", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	found := examples(t)
	if len(found["../README.md"]) == 0 || len(found["../docs/idp-admins.md"]) == 0 {
		t.Fatalf("no examples were found: %v", found)
	}
	for file, operations := range found {
		housetest.EachSource(t, func(t *testing.T, src models.Source) {
			h := boot(t, src)
			slug := "acme"
			if strings.Contains(strings.Join(operations, ""), "createTeam") {
				slug = "other" // the document makes acme itself
			}
			team, _, _ := setUp(h, slug, string(idp.Metadata()))
			member := seedMember(h, team)
			for _, operation := range operations {
				document := strings.NewReplacer(
					`"team_…"`, quoted(team), `"mem_…"`, quoted(member), `"<EntityDescriptor…"`, quoted(string(idp.Metadata())),
					`"-----BEGIN CERTIFICATE-----…"`, quoted(idp.CertificatePEM()), `entityId: "…"`, `entityId: "https://second.example/idp"`,
					`"https://…"`, `"https://second.example/sso"`,
				).Replace(operation)
				if strings.Contains(document, "…") {
					t.Errorf("%s: nothing is known to fill in: %s", file, document)
					continue
				}
				got := h.query(newBrowser(t), h.operator, document, nil)
				if len(got.Errors) > 0 {
					t.Errorf("%s: %s: %+v", file, operation, got.Errors)
				}
				for _, payload := range got.Data {
					if errs, _ := at(payload, "userErrors").([]any); len(errs) > 0 {
						t.Errorf("%s: %s: %v", file, operation, errs)
					}
				}
			}
		})
	}
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(out)
}

// seedMember puts somebody with an account of their own on a team.
func seedMember(h *house, team string) string {
	h.t.Helper()
	id, err := models.ParseGlobal(models.PrefixTeam, team)
	if err != nil {
		h.t.Fatal(err)
	}
	m, err := h.rooms.Roster.Add(server.AsSystem(h.t.Context()), roster.NewMember{
		TeamID: id, Kind: models.KindPerson, Role: models.RoleMember, Person: roster.Person{Email: "grace@acme.test"},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return m.GlobalID()
}
