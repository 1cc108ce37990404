package models_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"rollcall/models"
)

// catalog is what a database says about its own schema, in words that both
// kinds of database can say. Tables of the migration tool are left out.
type catalog map[string]*table

type table struct {
	columns map[string]column
	indexes map[string]string   // name -> "unique (a, b)"
	links   []string            // foreign keys: "a -> teams (id) on delete CASCADE"
	checks  int                 // how many CHECK constraints
	allowed map[string][]string // column -> values that its CHECK lists
}

type column struct {
	class    string // id, text, json, bool, int, time or bytes
	nullable bool
	key      bool // part of the primary key
}

const gooseTable = "goose_db_version"

func readCatalog(t testing.TB, db *models.DB) catalog {
	t.Helper()
	if db.Dialect() == models.SQLite {
		return readSQLite(t, db)
	}
	return readPostgres(t, db)
}

// classes of declared types. SQLite has one type for ids, text and JSON.
var (
	postgresClass = map[string]string{
		"uuid": "id", "text": "text", "jsonb": "json", "bool": "bool", "int4": "int", "timestamptz": "time", "bytea": "bytes",
	}
	sqliteClass = map[string]string{
		"text": "text", "boolean": "bool", "integer": "int", "datetime": "time", "blob": "bytes",
	}
)

func (c catalog) table(name string) *table {
	if c[name] == nil {
		c[name] = &table{columns: map[string]column{}, indexes: map[string]string{}, allowed: map[string][]string{}}
	}
	return c[name]
}

func (c catalog) sort() catalog {
	for _, tab := range c {
		slices.Sort(tab.links)
		for _, values := range tab.allowed {
			slices.Sort(values)
		}
	}
	return c
}

// rows scans a query into values of one type.
func rows[T any](t testing.TB, db *models.DB, query string, args ...any) []T {
	t.Helper()
	var found []T
	if err := db.Read(t.Context()).Raw(query, args...).Scan(&found).Error; err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return found
}

var (
	sqliteEnum = regexp.MustCompile(`CHECK \((\w+) IN \(([^)]*)\)\)`)
	pgEnum     = regexp.MustCompile(`^CHECK \(\((\w+) = ANY \(ARRAY\[(.*)\]\)\)\)$`)
	literal    = regexp.MustCompile(`'([^']*)'`)
)

func literals(text string) (values []string) {
	for _, m := range literal.FindAllStringSubmatch(text, -1) {
		values = append(values, m[1])
	}
	return values
}

func describeIndex(unique, partial bool, columns string) string {
	text := "(" + columns + ")"
	if unique {
		text = "unique " + text
	}
	if partial {
		text += " partial"
	}
	return text
}

func readSQLite(t testing.TB, db *models.DB) catalog {
	t.Helper()
	c := catalog{}
	type named struct{ Name, SQL string }
	for _, tab := range rows[named](t, db, `SELECT name, sql FROM sqlite_master
		WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'river\_%' ESCAPE '\' AND name <> ?`, gooseTable) {
		into := c.table(tab.Name)
		into.checks = strings.Count(tab.SQL, "CHECK (")
		for _, m := range sqliteEnum.FindAllStringSubmatch(tab.SQL, -1) {
			into.allowed[m[1]] = literals(m[2])
		}
		type info struct {
			Name, Type  string
			Notnull, Pk bool
		}
		for _, col := range rows[info](t, db, `SELECT name, type, "notnull", pk > 0 AS pk FROM pragma_table_info(?)`, tab.Name) {
			class, ok := sqliteClass[strings.ToLower(col.Type)]
			if !ok {
				t.Errorf("%s.%s has the type %q, which is not one of ours", tab.Name, col.Name, col.Type)
			}
			into.columns[col.Name] = column{class: class, nullable: !col.Notnull, key: col.Pk}
		}
		type index struct {
			Name, Columns   string
			Unique, Partial bool
		}
		for _, ix := range rows[index](t, db, `SELECT l.name, l."unique", l.partial,
			(SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno)) AS columns
			FROM pragma_index_list(?) l WHERE l.origin <> 'pk'`, tab.Name) {
			into.indexes[ix.Name] = describeIndex(ix.Unique, ix.Partial, ix.Columns)
		}
		into.links = rows[string](t, db, `SELECT "from" || ' -> ' || "table" || ' (' || "to" || ') on delete ' || on_delete
			FROM pragma_foreign_key_list(?)`, tab.Name)
	}
	return c.sort()
}

func readPostgres(t testing.TB, db *models.DB) catalog {
	t.Helper()
	c := catalog{}
	type info struct {
		Tab, Name, Type string
		Notnull, Pk     bool
	}
	for _, col := range rows[info](t, db, `SELECT c.relname AS tab, a.attname AS name, y.typname AS type, a.attnotnull AS notnull,
		COALESCE((SELECT a.attnum = ANY (i.indkey) FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary), false) AS pk
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type y ON y.oid = a.atttypid
		WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'river\_%' AND c.relname <> ? AND a.attnum > 0 AND NOT a.attisdropped`, gooseTable) {
		class, ok := postgresClass[col.Type]
		if !ok {
			t.Errorf("%s.%s has the type %q, which is not one of ours", col.Tab, col.Name, col.Type)
		}
		c.table(col.Tab).columns[col.Name] = column{class: class, nullable: !col.Notnull, key: col.Pk}
	}
	type index struct {
		Tab, Name, Columns string
		Uniq, Part         bool
	}
	for _, ix := range rows[index](t, db, `SELECT c.relname AS tab, x.relname AS name, i.indisunique AS uniq, i.indpred IS NOT NULL AS part,
		(SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k (num, n)
			JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num) AS columns
		FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
		WHERE c.relnamespace = 'public'::regnamespace AND NOT i.indisprimary AND c.relname NOT LIKE 'river\_%' AND c.relname <> ?`, gooseTable) {
		c.table(ix.Tab).indexes[ix.Name] = describeIndex(ix.Uniq, ix.Part, ix.Columns)
	}
	type constraint struct{ Tab, Type, Link, Def string }
	for _, k := range rows[constraint](t, db, `SELECT c.relname AS tab, k.contype AS type, pg_get_constraintdef(k.oid) AS def,
		CASE WHEN k.contype = 'f' THEN a.attname || ' -> ' || f.relname || ' (' || b.attname || ') on delete ' ||
			CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END
		ELSE '' END AS link
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
		LEFT JOIN pg_class f ON f.oid = k.confrelid
		LEFT JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
		LEFT JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
		WHERE k.contype IN ('c', 'f') AND c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'river\_%' AND c.relname <> ?`, gooseTable) {
		into := c.table(k.Tab)
		if k.Type == "f" {
			into.links = append(into.links, k.Link)
			continue
		}
		into.checks++
		if m := pgEnum.FindStringSubmatch(k.Def); m != nil {
			into.allowed[m[1]] = literals(m[2])
		}
	}
	return c.sort()
}
