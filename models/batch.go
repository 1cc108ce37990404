package models

import (
	"strconv"
	"strings"

	"gorm.io/gorm"
)

// Batch collects changes of one transaction and makes them together. PostgreSQL
// gets them in one statement, so that they cost one way there and back; SQLite,
// which is in the same process, one after the other.
//
// In one statement no change sees what another does (PostgreSQL 7.8.4): none may
// ask for rows that another one writes or takes away, and no two may change the
// same row, what a trigger does before one of them included. Foreign keys are
// looked at, and triggers run that come after a change, when all are done.
type Batch struct {
	tx      *gorm.DB
	changes []change
}

type change struct {
	name, returning string
	into            any
	text            string
	args            []any
}

// NewBatch begins a batch in a transaction.
func NewBatch(tx *gorm.DB) *Batch { return &Batch{tx: tx} }

// Tx is the transaction.
func (b *Batch) Tx() *gorm.DB { return b.tx }

// Joined reports whether the changes become one statement.
func (b *Batch) Joined() bool { return b.tx.Name() == string(Postgres) }

// Add takes an INSERT, UPDATE or DELETE. count gets the number of rows that it
// changed when the batch is run; nil when nobody asks.
func (b *Batch) Add(count *int64, text string, args ...any) {
	c := change{name: "c" + strconv.Itoa(len(b.changes)), returning: "1", text: text, args: args}
	if count != nil {
		c.into = count
	}
	b.changes = append(b.changes, c)
}

// AddNamed takes a change of one row whose column later ones may select from its
// name, if the batch is joined; into gets it as well.
func (b *Batch) AddNamed(name, column string, into any, text string, args ...any) {
	b.changes = append(b.changes, change{name, column, into, text, args})
}

// From is what a later change selects from to get at the row of a named one: the
// name, or, where changes come one after the other, the table with a condition.
func (b *Batch) From(name, otherwise string, args ...any) (source string, sourceArgs []any) {
	if b.Joined() {
		return name, nil
	}
	return otherwise, args
}

// Insert adds the insertion of rows of one type, given by their pointers.
func (b *Batch) Insert(rows ...any) {
	var text string
	var args []any
	for _, row := range rows {
		into, marks, values := Insertion(row)
		if text == "" {
			text = "INSERT INTO " + into + " VALUES (" + marks + ")" + strings.Repeat(", ("+marks+")", len(rows)-1)
		}
		args = append(args, values...)
	}
	b.Add(nil, text, args...)
}

// Run makes the changes that were added since it ran the last time.
func (b *Batch) Run() error {
	changes := b.changes
	b.changes = nil
	if b.Joined() && len(changes) > 1 {
		return b.join(changes)
	}
	for _, c := range changes {
		if count, ok := c.into.(*int64); ok || c.into == nil {
			done := b.tx.Exec(c.text, c.args...)
			if done.Error != nil {
				return done.Error
			}
			if ok {
				*count = done.RowsAffected
			}
			continue
		}
		if _, err := One(b.tx.Raw(c.text+" RETURNING "+c.returning, c.args...), c.into); err != nil {
			return err
		}
	}
	return nil
}

func (b *Batch) join(changes []change) error {
	var text, wanted strings.Builder
	var args, into []any
	for i, c := range changes {
		text.WriteString(map[bool]string{true: "WITH ", false: ", "}[i == 0])
		text.WriteString(c.name + " AS (" + c.text + " RETURNING " + c.returning + ")")
		args = append(args, c.args...)
		if c.into == nil {
			continue
		}
		if len(into) > 0 {
			wanted.WriteString(", ")
		}
		column := c.returning
		if _, counted := c.into.(*int64); counted {
			column = "count(*)"
		}
		wanted.WriteString("(SELECT " + column + " FROM " + c.name + ")")
		into = append(into, c.into)
	}
	if len(into) == 0 {
		return b.tx.Exec(text.String()+" SELECT 1", args...).Error
	}
	_, err := One(b.tx.Raw(text.String()+" SELECT "+wanted.String(), args...), into...)
	return err
}
