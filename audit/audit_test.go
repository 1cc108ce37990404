package audit_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strconv"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/internal/housetest"
	"rollcall/models"
)

const (
	acme models.ID = "01900000-0000-7000-8000-00000000000a"
	ada  models.ID = "01900000-0000-7000-8000-00000000000b"
	mem  models.ID = "01900000-0000-7000-8000-00000000000c"
)

var removed = audit.Event{
	TeamID: acme, Action: audit.MemberRemoved,
	Target:  audit.Target{Kind: models.PrefixMembership, ID: mem, Label: "ada@acme.test"},
	Details: []models.AuditDetail{audit.Detail("reason", "SCIM"), audit.Count("sessions", 2)},
}

// record writes an event in a transaction that ends with the given error.
func record(ctx context.Context, db *models.DB, at time.Time, e audit.Event, end error) error {
	return db.InTx(ctx, func(tx *gorm.DB) error {
		return errors.Join(audit.Record(ctx, tx, at, e), end)
	})
}

func events(t *testing.T, db *models.DB) (found []models.AuditEvent) {
	t.Helper()
	if err := db.Read(t.Context()).Order("id").Find(&found).Error; err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRecord(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		ctx := access.WithRequest(housetest.AsScim(t.Context(), acme), access.Request{ID: "r1", IP: "192.0.2.1", UserAgent: "curl"})
		at := housetest.Start.Add(1500 * time.Nanosecond)
		if err := record(ctx, db, at.In(time.FixedZone("east", 3600)), removed, nil); err != nil {
			t.Fatal(err)
		}
		found := events(t, db)
		if len(found) != 1 {
			t.Fatalf("%d events", len(found))
		}
		got := found[0]
		if !got.At.Equal(housetest.Start.Add(time.Microsecond)) {
			t.Errorf("it happened at %v", got.At)
		}
		if _, err := models.ParseID(string(got.ID)); err != nil {
			t.Errorf("its id is %q", got.ID)
		}
		token, team, target := housetest.ScimTokenID, acme, mem
		want := models.AuditEvent{
			ID: got.ID, At: got.At, TeamID: &team, Action: "membership.removed",
			ActorKind: "SCIM_TOKEN", ActorID: &token, ActorLabel: "SCIM token",
			TargetKind: "mem", TargetID: &target, TargetLabel: "ada@acme.test",
			Details: []models.AuditDetail{{Name: "reason", Value: "SCIM"}, {Name: "sessions", Value: "2"}},
			IP:      "192.0.2.1", RequestID: "r1",
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("recorded %+v\nwant     %+v", got, want)
		}
	})
}

// An event and the change that it tells of are there together or not at all.
func TestRecordGoesWithItsTransaction(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		ctx := housetest.AsOperator(t.Context())
		failure := errors.New("the change failed")
		if err := record(ctx, db, housetest.Start, removed, failure); !errors.Is(err, failure) {
			t.Errorf("the transaction ended with %v", err)
		}
		if found := events(t, db); len(found) != 0 {
			t.Errorf("nothing happened, and yet: %+v", found)
		}
		// Transactions that run again record once.
		runs := 0
		err := db.InTx(ctx, func(tx *gorm.DB) error {
			runs++
			if err := audit.Record(ctx, tx, housetest.Start, removed); err != nil || runs > 1 {
				return err
			}
			return models.ErrAgain
		})
		if found := events(t, db); err != nil || runs != 2 || len(found) != 1 {
			t.Errorf("%d runs left %d events, error %v", runs, len(found), err)
		}
		// An event that cannot be written takes the change with it.
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		err = db.InTx(ctx, func(tx *gorm.DB) error {
			return audit.Record(cancelled, tx, housetest.Start, removed)
		})
		if found := events(t, db); err == nil || len(found) != 1 {
			t.Errorf("error %v, and %d events", err, len(found))
		}
	})
}

// Who is named as the actor of an event, for every kind of caller.
func TestActors(t *testing.T) {
	m := models.Membership{ID: mem, TeamID: acme, UserID: ada, Role: models.RoleAdmin}
	u := models.User{ID: ada, Email: "ada@acme.test"}
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		for _, c := range []struct {
			name string
			as   context.Context
			kind string
			id   models.ID
		}{
			{"nobody", t.Context(), "", ""},
			{"the system", housetest.AsSystem(t.Context()), "SYSTEM", ""},
			{"an operator", housetest.AsOperator(t.Context()), "OPERATOR", housetest.OperatorKeyID},
			{"a person", housetest.AsMember(t.Context(), m, u), "PERSON", ada},
			{"a key", housetest.AsKey(t.Context(), m, u), "API_KEY", housetest.MemberKeyID},
			{"a SCIM client", housetest.AsScim(t.Context(), acme), "SCIM_TOKEN", housetest.ScimTokenID},
		} {
			if err := record(c.as, db, housetest.Start, audit.Event{Action: audit.TeamCreated}, nil); err != nil {
				t.Fatal(err)
			}
			found := events(t, db)
			got := found[len(found)-1]
			var id models.ID
			if got.ActorID != nil {
				id = *got.ActorID
			}
			if got.ActorKind != c.kind || id != c.id || got.ActorLabel != access.From(c.as).Label {
				t.Errorf("%s is recorded as %s %q %q", c.name, got.ActorKind, id, got.ActorLabel)
			}
			// An event of the installation names no team; without details the list is empty, not null.
			if got.TeamID != nil || got.TargetID != nil || got.Details == nil || len(got.Details) != 0 {
				t.Errorf("%s: %+v", c.name, got)
			}
		}
	})
}

// Scripts filter by the names of actions: each is there once, in the one form.
func TestActionNames(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "audit.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$`)
	seen := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		decl, ok := n.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST {
			return true
		}
		for _, spec := range decl.Specs {
			for _, value := range spec.(*ast.ValueSpec).Values {
				name, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				if err != nil || !form.MatchString(name) || seen[name] {
					t.Errorf("the action %q is in another form, or there twice (%v)", name, err)
				}
				seen[name] = true
			}
		}
		return true
	})
	if len(seen) == 0 {
		t.Error("audit.go names no action")
	}
}
