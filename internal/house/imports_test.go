package house

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// rooms is the plan of the house: which of our own rooms a room may import. A
// sub-package belongs to its room. Change a row when a better house needs it,
// with a line in the commit that says why. Rows of rooms that do not exist yet
// are kept for the day they do.
var rooms = map[string][]string{
	"fault":  {},
	"schema": {},
	"config": {},
	"mail":   {},

	"models":     {"fault"},
	"saml":       {"fault"},
	"access":     {"models", "fault"},
	"audit":      {"models", "access"},
	"credential": {"models", "access", "audit", "fault"},
	// credential, because an identity provider that goes takes the sessions that it
	// vouched for with it, in one transaction.
	// domain, because where people sign in follows from the domains that teams proved.
	"sso": {"models", "access", "audit", "credential", "domain", "saml", "fault"},
	// How people prove themselves without an identity provider.
	"account": {"models", "access", "audit", "credential", "fault"},
	"domain":  {"models", "access", "audit", "fault"},
	"invite":  {"models", "access", "audit", "credential", "account", "domain", "roster", "fault"},
	// sso, because a sign-in is one transaction: see docs/decisions/0003. account,
	// because a password ends in the transaction that puts its owner under an
	// identity provider.
	"roster": {"models", "access", "audit", "credential", "account", "domain", "sso", "fault"},

	"signin": {"saml", "sso", "roster", "account", "invite", "credential", "access", "models", "fault"},
	"scim":   {"roster", "credential", "access", "models", "fault"},
	"graph":  {"models", "access", "schema", "fault"},
	// jobs, because operators see the state of the work.
	"resolvers": {"graph", "roster", "sso", "account", "domain", "invite", "jobs", "credential", "access", "audit", "models", "fault"},
	// access, because the work is done in the name of the system and its state is for operators only.
	"jobs":    {"models", "access", "sso", "domain", "credential", "mail"},
	"console": {"access", "credential"},

	"server": {anything},
	"demo":   {anything},
	".":      {anything}, // main.go

	// The server with a clock that the browser run sets.
	"internal/browserhouse": {"config", "server"},

	"internal/errordoc":  {"fault"},
	"scripts":            {}, // the examples know the API alone
	"internal/house":     {},
	"internal/idptest":   {"saml", "fault"},
	"internal/housetest": {anything},
	"internal/realidps":  {},
}

const anything = "*"

// closed are the rooms that only the ones named may import, whatever their own
// row says. Tests may import all of them.
var closed = map[string][]string{
	".":                  {},
	"server":             {".", "demo", "internal/housetest", "internal/browserhouse"},
	"demo":               {".", "server"},
	"internal/house":     {},
	"internal/housetest": {},
	"internal/idptest":   {".", "server", "demo", "internal/housetest"},
	"internal/realidps":  {},
}

// tools are the modules of others that only some rooms may know, tests aside.
var tools = map[string][]string{
	"gorm.io":                             {"models", "audit", "credential", "account", "domain", "invite", "sso", "roster", "jobs", "internal/housetest"},
	"github.com/alexedwards/argon2id":     {"account"},
	"github.com/pquerna/otp":              {"account"},
	"github.com/go-webauthn/webauthn":     {"account"},
	"github.com/russellhaering/gosaml2":   {"saml", "internal/idptest"},
	"github.com/russellhaering/goxmldsig": {"saml", "internal/idptest"},
	"github.com/99designs/gqlgen":         {"graph", "resolvers"},
	"github.com/riverqueue/river":         {"jobs"},
	"github.com/wneessen/go-mail":         {"mail"},
	"code.dny.dev/ssrf":                   {"sso"},
	"github.com/prometheus/client_golang": {"server"},
	"github.com/crewjam/saml":             {}, // the other side, in tests only
	"github.com/descope/virtualwebauthn":  {}, // likewise
	"github.com/boombuler/barcode":        {"account"},
	"github.com/mileusna/useragent":       {"signin"},
	"math/rand":                           {}, // what others must not guess comes from crypto/rand
}

// gormTests are the rooms whose tests may go past the domain to the rows.
var gormTests = []string{"models", "audit", "credential", "account", "domain", "invite", "sso", "roster", "jobs", "internal/housetest", "internal/house", "internal/idptest"}

// roomOf is the room that a folder or import path of ours belongs to: the
// longest row of the table that it lies in.
func roomOf(folder string) (room string, known bool) {
	if folder == "." {
		return ".", true
	}
	for candidate := folder; ; {
		if _, ok := rooms[candidate]; ok {
			return candidate, true
		}
		cut := strings.LastIndex(candidate, "/")
		if cut < 0 {
			return folder, false
		}
		candidate = candidate[:cut]
	}
}

// ours is the folder of an import path of this module.
func ours(importPath string) (folder string, ok bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// within reports whether an import path is a module's or one of its packages'.
func within(importPath, mod string) bool {
	return importPath == mod || strings.HasPrefix(importPath, mod+"/")
}

// complaints are what the tables say against one import of one file.
func complaints(s source, importPath string) (found []string) {
	room, known := roomOf(s.folder())
	if !known && !s.test {
		found = append(found, "the room "+room+" is not in the table")
	}
	if folder, ok := ours(importPath); ok && !s.test {
		target, _ := roomOf(folder)
		allowed := rooms[room]
		if target != room {
			if !slices.Contains(allowed, target) && !slices.Contains(allowed, anything) {
				found = append(found, room+" may not import "+target)
			}
			if only, ok := closed[target]; ok && !slices.Contains(only, room) {
				found = append(found, target+" may not be imported by "+room)
			}
		}
	}
	for mod, only := range tools {
		switch {
		case !within(importPath, mod):
		case !s.test && !slices.Contains(only, room):
			found = append(found, room+" may not know "+mod)
		case s.test && mod == "gorm.io" && !slices.Contains(gormTests, room):
			found = append(found, "tests of "+room+" may not know "+mod)
		}
	}
	return found
}

func TestImports(t *testing.T) {
	for _, s := range readTree(t) {
		for _, importPath := range s.imports {
			for _, c := range complaints(s, importPath) {
				t.Errorf("%s imports %s: %s", s.path, importPath, c)
			}
		}
	}
}

// The test above is only worth something if it can fail.
func TestComplaints(t *testing.T) {
	for _, c := range []struct {
		file, imports string
		ok            bool
	}{
		{"roster/remove.go", "rollcall/credential", true},
		{"roster/remove.go", "rollcall/sso", true},
		{"roster/remove.go", "rollcall/saml", false},
		{"roster/remove.go", "gorm.io/gorm/clause", true},
		{"roster/remove.go", "github.com/anything/else", true},
		{"fault/codes.go", "rollcall/models", false},
		{"models/team.go", "rollcall/access", false},
		{"sso/judge.go", "rollcall/roster", false},
		{"credential/session.go", "rollcall/roster", false},
		{"scim/users.go", "gorm.io/gorm", false},
		{"scim/filter/parse.go", "gorm.io/driver/postgres", false},
		{"scim/users.go", "rollcall/sso", false},
		{"scim/users.go", "rollcall", false},
		{"graph/handler.go", "rollcall/roster", false},
		{"graph/handler.go", "rollcall/graph/model", true},
		{"graph/model/model.go", "rollcall/models", true},
		{"graph/model/model.go", "rollcall/sso", false},
		{"resolvers/team.go", "rollcall/graph/model", true},
		{"resolvers/team.go", "rollcall/scim", false},
		{"resolvers/team.go", "github.com/99designs/gqlgen/graphql", true},
		{"roster/remove.go", "github.com/99designs/gqlgen/graphql", false},
		{"sso/judge.go", "github.com/russellhaering/goxmldsig", false},
		{"saml/verify.go", "github.com/russellhaering/goxmldsig/types", true},
		{"saml/second_opinion_test.go", "github.com/russellhaering/gosaml2", true},
		{"signin/acs.go", "rollcall/server", false},
		{"server/server.go", "rollcall/scim", true},
		{"server/demo.go", "rollcall/internal/idptest", true},
		{"server/server.go", "rollcall/internal/housetest", false},
		{"server/server.go", "gorm.io/gorm", false},
		{"demo/demo.go", "rollcall/server", true},
		{"main.go", "rollcall/server", true},
		{"main.go", "rollcall/internal/housetest", false},
		{"internal/housetest/boot.go", "rollcall/server", true},
		{"saml/saml.go", "rollcall/internal/idptest", false},
		{"saml/saml_test.go", "rollcall/internal/idptest", true},
		{"scim/users_test.go", "rollcall/internal/housetest", true},
		{"scim/users_test.go", "gorm.io/gorm", false},
		{"roster/remove_test.go", "gorm.io/gorm", true},
		{"extra/new.go", "rollcall/models", false},
		{"extra/new.go", "fmt", false},
		{"credential/secret.go", "math/rand/v2", false},
		{"credential/secret.go", "crypto/rand", true},
		{"server/login.go", "github.com/crewjam/saml", false},
		{"server/login_test.go", "github.com/crewjam/saml/samlidp", true},
	} {
		s := source{path: c.file, test: strings.HasSuffix(c.file, "_test.go")}
		if got := complaints(s, c.imports); (len(got) == 0) != c.ok {
			t.Errorf("%s imports %s: %v", c.file, c.imports, got)
		}
	}
}

// The tables name nothing that they do not know.
func TestTablesAreSound(t *testing.T) {
	check := func(where string, names []string) {
		for _, name := range names {
			if _, ok := rooms[name]; !ok && name != anything {
				t.Errorf("%s names the room %s, which has no row", where, name)
			}
		}
	}
	for room, allowed := range rooms {
		check("the row of "+room, allowed)
	}
	for room, only := range closed {
		check("the door of "+room, append(only, room))
	}
	for mod, only := range tools {
		check("the tool "+mod, only)
	}
	check("gormTests", gormTests)
	// No room below may come back to one above it: the rows without a joker are a tree of floors.
	done := map[string]bool{}
	for range rooms {
		for _, room := range slices.Sorted(maps.Keys(rooms)) {
			below := func(r string) bool { return done[r] }
			if allowed := rooms[room]; slices.Contains(allowed, anything) || !slices.ContainsFunc(allowed, func(r string) bool { return !below(r) }) {
				done[room] = true
			}
		}
	}
	for room := range rooms {
		if !done[room] {
			t.Errorf("the row of %s leads in a circle", room)
		}
	}
}
