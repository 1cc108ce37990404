package server

import (
	"runtime"
	"testing"
	"time"
)

func TestGrowth(t *testing.T) {
	for used, want := range map[uint64]int{
		0: 6300, 1 << 20: 6300, 8 << 20: 700, 16 << 20: 300, 31 << 20: 106, 32 << 20: 100, 64 << 20: 100, 1 << 40: 100,
	} {
		if got := growth(used); got != want {
			t.Errorf("with %d MB in use: %d %%, want %d", used>>20, got, want)
		}
	}
}

func TestAfterEachCollection(t *testing.T) {
	ran := make(chan uint64, 100)
	afterEach(func() {
		select {
		case ran <- inUse():
		default:
		}
	})
	for n := range 3 {
		for deadline := time.After(30 * time.Second); ; {
			runtime.GC()
			select {
			case used := <-ran:
				if used == 0 || used > 1<<40 {
					t.Fatalf("collection %d left %d bytes", n, used)
				}
			case <-deadline:
				t.Fatalf("not told of collection %d", n)
			default:
				continue
			}
			break
		}
	}
}
