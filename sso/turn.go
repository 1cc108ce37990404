package sso

import (
	"context"
	"runtime"
	"time"

	"rollcall/fault"
)

// turns bound how many messages are read and verified at once: as many as there
// are processors to do it. They are the process's, because the processors are.
// Whoever waits costs a goroutine and the message, which has been bounded.
var turns = make(chan struct{}, runtime.NumCPU())

// turnWithin is how long a message waits for its turn. A sign-in takes a few
// milliseconds of a processor, so this is hundreds of them ahead of it.
const turnWithin = 10 * time.Second

// inTurn runs fn when it is its turn. Faults: login_rate_limited.
func inTurn(ctx context.Context, fn func()) error {
	select {
	case turns <- struct{}{}:
	default:
		if err := wait(ctx); err != nil {
			return err
		}
	}
	defer func() { <-turns }()
	fn()
	return nil
}

func wait(ctx context.Context) error {
	late := time.NewTimer(turnWithin)
	defer late.Stop()
	select {
	case turns <- struct{}{}:
		return nil
	case <-late.C:
		return fault.New(fault.LoginLimited, "Too many messages wait to be verified.")
	case <-ctx.Done():
		return ctx.Err()
	}
}
