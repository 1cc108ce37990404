package models

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// slow is how long a statement may take before it is worth a line in the log.
const slow = time.Second

type counterKey struct{}

// CountStatements returns a context whose statements are counted, for tests
// and benchmarks that hold a page to a constant number of them.
func CountStatements(ctx context.Context) (context.Context, *atomic.Int64) {
	n := new(atomic.Int64)
	return context.WithValue(ctx, counterKey{}, n), n
}

// statementLog is gorm's logger over slog. Values never reach it: they may be secrets.
type statementLog struct {
	log *slog.Logger
	gorm.ErrorTranslator
}

func (l *statementLog) LogMode(logger.LogLevel) logger.Interface { return l }

func (l *statementLog) Info(ctx context.Context, msg string, _ ...any) {
	l.log.DebugContext(ctx, "gorm", "text", msg)
}

func (l *statementLog) Warn(ctx context.Context, msg string, _ ...any) {
	l.log.WarnContext(ctx, "gorm", "text", msg)
}

func (l *statementLog) Error(ctx context.Context, msg string, _ ...any) {
	l.log.ErrorContext(ctx, "gorm", "text", msg)
}

// ParamsFilter keeps values out of the text that Trace sees.
func (l *statementLog) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}

// Trace is called after every statement.
func (l *statementLog) Trace(ctx context.Context, begin time.Time, fc func() (string, int64), err error) {
	if n, ok := ctx.Value(counterKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
	if err != nil {
		err = l.Translate(err) // which gorm has not done when rows are read by hand
	}
	took := time.Since(begin)
	expected := err == nil || errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, gorm.ErrDuplicatedKey) ||
		errors.Is(err, gorm.ErrForeignKeyViolated) || ctx.Err() != nil || transient(err)
	switch {
	case !expected:
		sql, _ := fc()
		l.log.ErrorContext(ctx, "statement failed", "sql", sql, "error", err)
	case took > slow:
		sql, rows := fc()
		l.log.WarnContext(ctx, "slow statement", "sql", sql, "rows", rows, "ms", took.Milliseconds())
	}
}
