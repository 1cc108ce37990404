// Package mail writes and sends what people are told by e-mail. It knows
// messages, languages and mail servers, and nothing of teams or rows: whoever
// wants somebody told brings the facts.
//
// Each message is one template a language. Its text is the text part; the HTML
// part is made from the same text, so the two cannot say different things, and
// nothing in it is ever markup of somebody else's.
//
// No message holds a secret. Links go to pages that ask who is there.
package mail

import (
	"context"
	"errors"
)

// Message is a mail that is ready to be sent to one recipient.
type Message struct {
	ID      string // the Message-ID (RFC 5322 section 3.6.4) without its angle brackets; the same at every try
	From    string // an address, perhaps with a name
	To      string // one address
	Subject string
	Text    string
	HTML    string
}

// Sender hands messages over. An error says whether trying again can help.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Error is why a message could not be handed over. It holds neither addresses
// nor the mail server's own words, which repeat them.
type Error struct {
	Reason    string
	Permanent bool // trying again will not help
	cause     error
}

func (e *Error) Error() string { return e.Reason }

// Unwrap returns the cause, which may hold addresses and is for nobody's log.
func (e *Error) Unwrap() error { return e.cause }

// Permanent reports whether err says that trying again will not help.
func Permanent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Permanent
}
