package models

import (
	"context"
	"reflect"
	"strings"
	"sync"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// gorm's ways from fields to columns and back look at every type anew and write
// each statement out with its values, for a log that nobody keeps. What is asked
// or written by every call of a provisioning client goes by these instead.

var schemas sync.Map

func parsed(row any) *schema.Schema {
	s, err := schema.Parse(row, &schemas, schema.NamingStrategy{})
	if err != nil {
		return new(schema.Schema) // a row of ours that cannot be parsed fails every test
	}
	return s
}

// One reads the first row of a query; found is false when there is none.
func One(q *gorm.DB, into ...any) (found bool, err error) {
	rows, err := q.Rows()
	if err != nil {
		return false, translated(q, err)
	}
	defer func() { _ = rows.Close() }() // the error of Err is the one that counts
	if !rows.Next() {
		return false, translated(q, rows.Err())
	}
	if err := rows.Scan(into...); err != nil {
		return false, err
	}
	return true, translated(q, rows.Close())
}

// translated is what gorm makes of a driver's error elsewhere: it lets those of a
// query whose rows are read by hand through, and does not see those that come
// while they are read.
func translated(q *gorm.DB, err error) error {
	if t, ok := q.Dialector.(gorm.ErrorTranslator); ok && err != nil {
		return t.Translate(err)
	}
	return err
}

// Columns lists the columns of a row for a SELECT, `alias.col AS prefixcol`.
func Columns(row any, alias, prefix string) string {
	var out []string
	for _, column := range parsed(row).DBNames {
		out = append(out, alias+"."+column+" AS "+prefix+column)
	}
	return strings.Join(out, ", ")
}

var stringPointer = reflect.TypeFor[*string]()

// Fields are pointers to the fields of a row, in the order in which Columns lists
// them. Rows with a serialized column cannot be read like this.
func Fields(row any) []any {
	s, v := parsed(row), reflect.ValueOf(row).Elem()
	out := make([]any, 0, len(s.DBNames))
	for _, name := range s.DBNames {
		field := s.FieldsByDBName[name].ReflectValueOf(context.Background(), v).Addr()
		if field.Elem().Kind() == reflect.String {
			field = field.Convert(stringPointer) // which is copied without a look at its type
		}
		out = append(out, field.Interface())
	}
	return out
}

// Insertion takes a row, given by its pointer, apart for an INSERT: the table with
// its columns, a mark for the value of each, and the values. Nothing is filled in.
func Insertion(row any) (into, marks string, values []any) {
	s, v := parsed(row), reflect.ValueOf(row).Elem()
	values = make([]any, 0, len(s.DBNames))
	for _, name := range s.DBNames {
		value, _ := s.FieldsByDBName[name].ValueOf(context.Background(), v)
		values = append(values, value)
	}
	return s.Table + " (" + strings.Join(s.DBNames, ", ") + ")", strings.Repeat("?, ", len(values)-1) + "?", values
}

// locking is the end of a SELECT that locks its rows. SQLite needs none: its writing
// transactions take turns.
func locking(tx *gorm.DB, strength string) string {
	if tx.Name() == string(Postgres) {
		return " FOR " + strength
	}
	return ""
}
