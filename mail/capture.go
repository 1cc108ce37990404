package mail

import (
	"context"
	"sync"
)

// captured is how many messages a Capture keeps.
const captured = 100

// Capture keeps the latest messages beside handing them on, for the demo's page.
type Capture struct {
	Next Sender

	mu     sync.Mutex
	latest []Message
}

// Send implements Sender. A message that is not taken is not kept.
func (c *Capture) Send(ctx context.Context, m Message) error {
	if err := c.Next.Send(ctx, m); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.latest = append(c.latest, m); len(c.latest) > captured {
		c.latest = c.latest[1:]
	}
	return nil
}

// Latest are the messages that are kept, the newest first.
func (c *Capture) Latest() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Message, 0, len(c.latest))
	for i := len(c.latest) - 1; i >= 0; i-- {
		out = append(out, c.latest[i])
	}
	return out
}
