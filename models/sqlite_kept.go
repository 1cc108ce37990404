package models

import (
	"container/list"
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	sqlitedriver "modernc.org/sqlite"
)

const (
	// maxKept bounds the statements that a connection keeps prepared. Each takes
	// some ten kilobytes.
	maxKept = 128
	// maxKeptText is the longest text, in bytes, that is worth keeping: longer ones
	// are lists of values that do not come again in the same length.
	maxKeptText = 4 << 10
)

// newKeeping makes connections to a SQLite file that keep the statements prepared
// that they ran last. The driver parses and plans every text anew, which costs
// more than to run most of ours. A statement that was prepared under an older
// schema is prepared again by SQLite itself (sqlite3_prepare_v2).
func newKeeping(path string) (driver.Connector, error) {
	inner, err := sqlitedriver.NewConnector(sqliteDSN(path))
	return keeping{inner}, err
}

type keeping struct{ driver.Connector }

// sqliteConn and sqliteRows are what the driver's connections and rows can do, all
// of which database/sql has to go on seeing.
type (
	sqliteConn interface {
		driver.Conn
		driver.ConnBeginTx
		driver.ConnPrepareContext
		driver.ExecerContext
		driver.QueryerContext
		driver.Pinger
		driver.SessionResetter
		driver.Validator
	}
	sqliteRows interface {
		driver.Rows
		driver.RowsColumnTypeDatabaseTypeName
		driver.RowsColumnTypeLength
		driver.RowsColumnTypeNullable
		driver.RowsColumnTypePrecisionScale
		driver.RowsColumnTypeScanType
	}
	sqliteStmt interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}
)

// Connect implements driver.Connector.
func (k keeping) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := conn.(sqliteConn)
	if !ok {
		return nil, fmt.Errorf("SQLite's driver has connections of another kind now: %T", conn)
	}
	return &keepingConn{sqliteConn: inner, idle: map[string]*list.Element{}}, nil
}

// keepingConn is a connection with its statements. database/sql lets one goroutine
// in at a time, rows that are read included. A statement is out of the store while
// it runs, so a text that is run again inside its own rows gets another one.
type keepingConn struct {
	sqliteConn
	idle  map[string]*list.Element
	order list.List // of *keptStmt, the one that ran last in front
}

type keptStmt struct {
	sqliteStmt
	text string
}

// keepable are the verbs of statements that come again; what changes the schema
// does not.
func keepable(text string) bool {
	if len(text) > maxKeptText {
		return false
	}
	for _, verb := range []string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"} {
		if strings.HasPrefix(text, verb) {
			return true
		}
	}
	return false
}

// take is the text's statement, prepared now if it is not kept.
func (c *keepingConn) take(ctx context.Context, text string) (*keptStmt, error) {
	if e := c.idle[text]; e != nil {
		delete(c.idle, text)
		return c.order.Remove(e).(*keptStmt), nil
	}
	made, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	stmt, ok := made.(sqliteStmt)
	if !ok {
		return nil, fmt.Errorf("SQLite's driver has statements of another kind now: %T", made)
	}
	return &keptStmt{stmt, text}, nil
}

// give takes a statement back that has run, and lets go of the one that was not
// used for the longest time when there are too many.
func (c *keepingConn) give(s *keptStmt) error {
	if c.idle[s.text] != nil {
		return s.Close()
	}
	c.idle[s.text] = c.order.PushFront(s)
	if c.order.Len() <= maxKept {
		return nil
	}
	oldest := c.order.Remove(c.order.Back()).(*keptStmt)
	delete(c.idle, oldest.text)
	return oldest.Close()
}

// ExecContext implements driver.ExecerContext.
func (c *keepingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if !keepable(text) {
		return c.sqliteConn.ExecContext(ctx, text, args)
	}
	s, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(ctx, args)
	if closing := c.give(s); err == nil {
		err = closing
	}
	return result, err
}

// QueryContext implements driver.QueryerContext.
func (c *keepingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if !keepable(text) {
		return c.sqliteConn.QueryContext(ctx, text, args)
	}
	s, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		_ = c.give(s) // the error of the query is the one that counts
		return nil, err
	}
	inner, ok := rows.(sqliteRows)
	if !ok {
		_ = rows.Close()
		return nil, fmt.Errorf("SQLite's driver has rows of another kind now: %T", rows)
	}
	return &keptRows{inner, c, s}, nil
}

// Close implements driver.Conn.
func (c *keepingConn) Close() error {
	for e := c.order.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*keptStmt).Close() // the connection goes with all that it holds
	}
	return c.sqliteConn.Close()
}

// Unwrap is the driver's own connection, which the driver asks a wrapper for.
func (c *keepingConn) Unwrap() driver.Conn { return c.sqliteConn }

// keptRows gives their statement back when they are closed.
type keptRows struct {
	sqliteRows
	conn *keepingConn
	stmt *keptStmt
}

// Close implements driver.Rows. database/sql calls it once.
func (r *keptRows) Close() error {
	err := r.sqliteRows.Close()
	if closing := r.conn.give(r.stmt); err == nil {
		err = closing
	}
	return err
}
