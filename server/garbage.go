package server

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// Go's garbage collector runs whenever the memory in use has doubled. A server
// with 10 MB in use that makes half a megabyte of garbage for each sign-in then
// collects every few sign-ins, at a third of their cost. It has room for more.

// heapRoom is how far the heap may grow, in bytes, before garbage is collected.
// Once half of it is in use, doubling is the rule again, so that there is no
// amount of memory in use at which the collector never stops.
const heapRoom = 64 << 20

// collectLess sets the collector up for a server, once for the process, unless
// whoever runs it has chosen by Go's own variables, GOGC and GOMEMLIMIT.
var collectLess = sync.OnceFunc(func() {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if _, chosen := os.LookupEnv(name); chosen {
			return
		}
	}
	afterEach(func() { debug.SetGCPercent(growth(inUse())) })
	runtime.GC()
})

// growth is by how much of the memory in use, in percent, the heap may grow.
func growth(used uint64) int {
	used = max(used, 1<<20)
	if used >= heapRoom/2 {
		return 100
	}
	return int((heapRoom - used) * 100 / used)
}

// inUse is what the last collection left, in bytes.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return heapRoom
	}
	return sample[0].Value.Uint64()
}

// afterEach runs fn after every collection, from the next one on: an object that
// nobody holds is cleaned up by it, and makes the next such object.
func afterEach(fn func()) {
	type canary struct{ _ *byte } // with a pointer, so that it lives alone
	runtime.AddCleanup(&canary{}, func(fn func()) {
		fn()
		afterEach(fn)
	}, fn)
}
