package sso

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// No more messages are verified at once than there are processors, every one
// has its turn, and who gives up waiting is let go.
func TestTurns(t *testing.T) {
	var now, most, done atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			err := inTurn(t.Context(), func() {
				n := now.Add(1)
				for {
					seen := most.Load()
					if n <= seen || most.CompareAndSwap(seen, n) {
						break
					}
				}
				runtime.Gosched()
				now.Add(-1)
				done.Add(1)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if done.Load() != 200 || most.Load() > int64(runtime.NumCPU()) {
		t.Errorf("%d had their turn, %d at once", done.Load(), most.Load())
	}

	release := make(chan struct{})
	var taken sync.WaitGroup
	for range cap(turns) {
		taken.Add(1)
		wg.Go(func() {
			if err := inTurn(t.Context(), func() { taken.Done(); <-release }); err != nil {
				t.Error(err)
			}
		})
	}
	taken.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := inTurn(ctx, func() { t.Error("a turn that there was not") }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	wg.Wait()

	// A panic gives the turn back.
	func() {
		defer func() { _ = recover() }()
		_ = inTurn(t.Context(), func() { panic("x") })
	}()
	if len(turns) != 0 {
		t.Errorf("%d turns are lost", len(turns))
	}
}
