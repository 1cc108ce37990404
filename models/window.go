package models

import (
	"slices"
	"strings"

	"gorm.io/gorm"
)

// Mark is a row's place in a list: the value that the list goes by, a string or
// a time, and the row's id. Key is nil in lists that go by id alone.
type Mark struct {
	Key any
	ID  ID
}

// Window asks for a part of a list: at most Limit rows after or before a mark,
// from the beginning or, with Last, from the end. The list's own order goes
// upwards unless Desc.
type Window struct {
	After, Before *Mark
	Limit         int
	Last, Desc    bool
}

// Apply puts the window on a query. column is what the list goes by beside the
// id, "" for the id alone; it is never a caller's text. One row more than the
// limit is asked for; Cut takes it off again.
func (w Window) Apply(q *gorm.DB, column string) *gorm.DB {
	upwards, downwards := ">", "<"
	if w.Desc {
		upwards, downwards = downwards, upwards
	}
	q = beyond(q, column, upwards, w.After)
	q = beyond(q, column, downwards, w.Before)
	return q.Order(w.Order(column, "id")).Limit(w.Limit + 1)
}

// Order is the order that Apply reads in, for a statement around its query.
func (w Window) Order(column, id string) string {
	direction := ""
	if w.Desc != w.Last {
		direction = " DESC"
	}
	if column == "" {
		return id + direction
	}
	return strings.Join([]string{column + direction, id + direction}, ", ")
}

func beyond(q *gorm.DB, column, sign string, m *Mark) *gorm.DB {
	switch {
	case m == nil:
		return q
	case column == "":
		return q.Where("id "+sign+" ?", m.ID)
	default:
		return q.Where("("+column+", id) "+sign+" (?, ?)", m.Key, m.ID)
	}
}

// Cut brings rows that Apply's query answered into the list's order and says
// whether there are more beyond the limit.
func Cut[T any](w Window, rows []T) (page []T, more bool) {
	if more = len(rows) > w.Limit; more {
		rows = rows[:w.Limit]
	}
	if w.Last {
		slices.Reverse(rows)
	}
	return rows, more
}
