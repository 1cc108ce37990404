package models_test

import (
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm/schema"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// Both dialects describe one schema.
func TestDialectsAgree(t *testing.T) {
	found := map[models.Dialect]catalog{}
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) { found[db.Dialect()] = readCatalog(t, db) })
	if len(found) < 2 {
		t.Skip("SKIPPED ON POSTGRESQL: there is nothing to compare SQLite with")
	}
	lite, pg := found[models.SQLite], found[models.Postgres]
	same(t, "tables", keys(lite), keys(pg))
	for name, p := range pg {
		l := lite[name]
		if l == nil {
			continue
		}
		same(t, name+": columns", keys(l.columns), keys(p.columns))
		for col, want := range p.columns {
			want.class = asSQLite(want.class)
			if got := l.columns[col]; got != want {
				t.Errorf("%s.%s is %+v on SQLite and %+v on PostgreSQL", name, col, got, want)
			}
		}
		same(t, name+": indexes", sorted(l.indexes), sorted(p.indexes))
		same(t, name+": foreign keys", l.links, p.links)
		same(t, name+": number of checks", l.checks, p.checks)
		same(t, name+": values allowed", l.allowed, p.allowed)
	}
}

// Every row has the columns of its table, and every table has a row.
func TestRowsFitTheSchema(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		stored := readCatalog(t, db)
		described := map[string]bool{}
		for _, row := range models.All {
			s := parse(t, row)
			described[s.Table] = true
			if stored[s.Table] == nil {
				t.Errorf("%s has no table %s", s.Name, s.Table)
				continue
			}
			same(t, s.Table+": columns", sortedCopy(s.DBNames), keys(stored[s.Table].columns))
			for _, f := range s.Fields {
				checkColumn(t, db.Dialect(), s, f, stored[s.Table].columns[f.DBName])
			}
		}
		same(t, "tables with a row", keys(described), keys(stored))
	})
}

// nullableBytes are the columns that hold bytes or nothing; a slice has no
// pointer to tell.
var nullableBytes = []string{"installation.generated_key", "second_factors.credential_id", "sso_upgrades.browser_hash"}

func checkColumn(t *testing.T, dialect models.Dialect, s *schema.Schema, f *schema.Field, got column) {
	t.Helper()
	name := s.Table + "." + f.DBName
	want := column{
		class:    classOf(t, f),
		nullable: f.FieldType.Kind() == reflect.Pointer || slices.Contains(nullableBytes, name),
		key:      f.PrimaryKey,
	}
	if dialect == models.SQLite {
		want.class = asSQLite(want.class)
	}
	if got != want {
		t.Errorf("%s is %+v and the row says %+v", name, got, want)
	}
}

func classOf(t *testing.T, f *schema.Field) string {
	t.Helper()
	switch typ := f.IndirectFieldType; {
	case f.Serializer != nil && f.TagSettings["SERIALIZER"] == "json":
		return "json"
	case typ == reflect.TypeFor[models.ID]():
		return "id"
	case typ == reflect.TypeFor[time.Time]():
		return "time"
	case typ == reflect.TypeFor[[]byte]():
		return "bytes"
	case typ.Kind() == reflect.String:
		return "text"
	case typ.Kind() == reflect.Bool:
		return "bool"
	case typ.Kind() == reflect.Int:
		return "int"
	default:
		t.Errorf("%s has the type %v, which no column has", f.Name, typ)
		return ""
	}
}

// The values that the databases allow are those that the package names.
func TestEnumsFitTheSchema(t *testing.T) {
	// Presets come without a migration, so their column takes any name.
	unchecked := []string{"identity_providers.vendor"}
	enums := enumValues(t)
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		stored := readCatalog(t, db)
		for _, row := range models.All {
			s := parse(t, row)
			for _, f := range s.Fields {
				name := s.Table + "." + f.DBName
				values, isEnum := enums[f.IndirectFieldType.Name()]
				allowed, checked := stored[s.Table].allowed[f.DBName]
				switch {
				case isEnum == checked && slices.Equal(sortedCopy(values), allowed):
				case slices.Contains(unchecked, name) && !checked:
				default:
					t.Errorf("%s allows %v and the package has %v", name, allowed, values)
				}
			}
		}
	})
}

func parse(t testing.TB, row any) *schema.Schema {
	t.Helper()
	s, err := schema.Parse(row, new(sync.Map), schema.NamingStrategy{})
	if err != nil {
		t.Fatalf("%T: %v", row, err)
	}
	return s
}

func asSQLite(class string) string {
	if class == "id" || class == "json" {
		return "text"
	}
	return class
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func sorted(m map[string]string) []string {
	var lines []string
	for k, v := range m {
		lines = append(lines, k+" "+v)
	}
	return sortedCopy(lines)
}

func sortedCopy(s []string) []string { return slices.Sorted(slices.Values(s)) }
