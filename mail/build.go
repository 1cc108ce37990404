package mail

import (
	"net/mail"
	"regexp"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// messageID is the form of the ids that are given to messages.
var messageID = regexp.MustCompile(`^[A-Za-z0-9.-]{1,100}@[A-Za-z0-9.-]{1,200}$`)

// build turns a message into its parts (RFC 5322, RFC 2046 section 5.1.4).
// What could become a header of its own is refused, not mended: addresses and
// subjects come from rows that others fill.
func build(m Message, now time.Time) (*gomail.Msg, error) {
	bad := func(what string) (*gomail.Msg, error) {
		return nil, &Error{Reason: "the message's " + what + " cannot be used", Permanent: true}
	}
	switch {
	case !messageID.MatchString(m.ID):
		return bad("id")
	case m.Subject == "" || hasControl(m.Subject):
		return bad("subject")
	case hasControl(m.From):
		return bad("sender")
	case hasControl(m.To):
		return bad("recipient")
	}
	to, err := mail.ParseAddress(m.To)
	if err != nil || to.Name != "" {
		return bad("recipient")
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if msg.From(m.From) != nil {
		return bad("sender")
	}
	if msg.To(to.Address) != nil {
		return bad("recipient")
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(now.UTC())
	// Nobody's out-of-office answers to this (RFC 3834 section 5).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

func hasControl(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return true
		}
	}
	return false
}
