package roster

import (
	"context"
	"reflect"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// gorm's Scan writes every statement out with its values, for a log that nobody
// keeps. What each provisioning call asks is read by hand instead.

// one reads the first row of a query; found is false when there is none.
func one(q *gorm.DB, into ...any) (found bool, err error) {
	rows, err := q.Rows()
	if err != nil {
		return false, err
	}
	defer func() { _ = rows.Close() }() // the error of Err is the one that counts
	if !rows.Next() {
		return false, rows.Err()
	}
	if err := rows.Scan(into...); err != nil {
		return false, err
	}
	return true, rows.Close()
}

var stringPointer = reflect.TypeFor[*string]()

// fieldsOf are pointers to the fields of a row, in the order in which columnsOf
// lists them. Rows with a serialized column cannot be read like this.
func fieldsOf(row any) []any {
	parsed, err := schema.Parse(row, &schemas, schema.NamingStrategy{})
	if err != nil {
		return nil // a row of ours that cannot be parsed fails every test
	}
	v := reflect.ValueOf(row).Elem()
	out := make([]any, 0, len(parsed.DBNames))
	for _, name := range parsed.DBNames {
		field := parsed.FieldsByDBName[name].ReflectValueOf(context.Background(), v).Addr()
		if field.Elem().Kind() == reflect.String {
			field = field.Convert(stringPointer) // which is copied without a look at its type
		}
		out = append(out, field.Interface())
	}
	return out
}
