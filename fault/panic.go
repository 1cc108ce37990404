package fault

import (
	"fmt"
	"runtime"
	"strings"
)

// Caught describes a recovered panic for the log: what sort it was and where,
// never a stack or a value, which could hold a secret. Call it from the deferred
// function that recovered.
func Caught(cause any) (what, where string) {
	what = fmt.Sprintf("%T", cause)
	if e, ok := cause.(runtime.Error); ok {
		what = e.Error()
	}
	return what, panicked()
}

// panicked is the function that panicked: the first outside of the runtime
// below the call to panic.
func panicked() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	below := false
	for {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			below = below || f.Function == "runtime.gopanic"
		case below:
			return fmt.Sprintf("%s:%d", f.Function, f.Line)
		}
		if !more {
			return "unknown"
		}
	}
}
