package server

import (
	"context"
	"time"
)

// sweepEvery is how often what nobody needs any more is deleted.
const sweepEvery = 10 * time.Minute

// sweep prunes until ctx ends. Every replica does it; batches are small, and
// two that meet delete nothing twice.
func (r *Rooms) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := r.SSO.Prune(ctx); err != nil && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "pruning", "error", err)
		}
		if err := r.Roster.PruneScimCalls(ctx); err != nil && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "pruning SCIM calls", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
