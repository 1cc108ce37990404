package resolvers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"rollcall/models"
)

// counted is a batch over numbers that keeps what it was asked for.
func counted(fail error) (*batch[string], *[][]models.ID) {
	var asked [][]models.ID
	return newBatch(func(_ context.Context, ids []models.ID) (map[models.ID]string, error) {
		asked = append(asked, ids)
		out := map[models.ID]string{}
		for _, id := range ids {
			if id != "missing" {
				out[id] = "row " + string(id)
			}
		}
		return out, fail
	}), &asked
}

func TestBatchAsksOnce(t *testing.T) {
	b, asked := counted(nil)
	for i := range 100 {
		b.want(models.ID(fmt.Sprint(i)))
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			id := models.ID(fmt.Sprint(i))
			if row, found, err := b.get(t.Context(), id); err != nil || !found || row != "row "+string(id) {
				t.Errorf("%s: %q, %v, %v", id, row, found, err)
			}
		})
	}
	wg.Wait()
	if len(*asked) != 1 || len((*asked)[0]) != 100 {
		t.Errorf("asked %d times", len(*asked))
	}
}

func TestBatchOfStrangers(t *testing.T) {
	b, asked := counted(nil)
	b.put("known", "put")
	b.want("known", "a")
	for _, c := range []struct {
		id    models.ID
		row   string
		found bool
		times int
	}{{"known", "put", true, 0}, {"b", "row b", true, 1}, {"a", "row a", true, 1}, {"missing", "", false, 2}, {"missing", "", false, 2}} {
		row, found, err := b.get(t.Context(), c.id)
		if row != c.row || found != c.found || err != nil || len(*asked) != c.times {
			t.Errorf("%s: %q, %v, %v after asking %d times", c.id, row, found, err, len(*asked))
		}
	}
	if len((*asked)[0]) != 2 || len((*asked)[1]) != 1 {
		t.Errorf("asked for %v: rows that were known or not wanted", *asked)
	}
}

// A failure is told to everybody who waits for the same rows, and not tried a
// hundred times.
func TestBatchThatFails(t *testing.T) {
	down := errors.New("down")
	b, asked := counted(down)
	b.want("a", "b")
	for range 3 {
		for _, id := range []models.ID{"a", "b"} {
			if _, _, err := b.get(t.Context(), id); !errors.Is(err, down) {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
	if len(*asked) != 1 {
		t.Errorf("asked %d times", len(*asked))
	}
}
