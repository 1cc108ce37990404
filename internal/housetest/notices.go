package housetest

import (
	"sync"

	"gorm.io/gorm"

	"rollcall/models"
)

// Notices are what rooms announced, for tests without the room that mails.
type Notices struct {
	mu   sync.Mutex
	told []models.Notice
}

// Announce is what rooms take as their Announce.
func (n *Notices) Announce(_ *gorm.DB, notice models.Notice) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told = append(n.told, notice)
	return nil
}

// Kinds are the kinds that were announced, in order.
func (n *Notices) Kinds() (kinds []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, one := range n.told {
		kinds = append(kinds, one.Kind)
	}
	return kinds
}

// Last is the newest of a kind; ok is false without one.
func (n *Notices) Last(kind string) (last models.Notice, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, one := range n.told {
		if one.Kind == kind {
			last, ok = one, true
		}
	}
	return last, ok
}
