package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Retention is for how many days what is over is kept; zero is for ever.
type Retention struct {
	Attempts    int // records of sign-ins
	Credentials int // sessions, API keys and SCIM tokens after their end
	History     int // the audit log
	Mails       int // notices and mails
}

// defaultRetention holds where the setting says nothing.
var defaultRetention = Retention{Attempts: 30, Credentials: 90, Mails: 400}

const (
	// maxRetention is a hundred years.
	maxRetention = 36_500
	// minMails outlasts the time in which a certificate's end is announced, so
	// that no notice is forgotten and sent again.
	minMails = 120
)

// String is the setting that gives this value.
func (r Retention) String() string {
	return fmt.Sprintf("attempts=%d,credentials=%d,history=%d,mails=%d", r.Attempts, r.Credentials, r.History, r.Mails)
}

// retention reads RETENTION.
func retention(value string) (Retention, error) {
	r := defaultRetention
	if strings.TrimSpace(value) == "" {
		return r, nil
	}
	fields := map[string]*int{"attempts": &r.Attempts, "credentials": &r.Credentials, "history": &r.History, "mails": &r.Mails}
	for i, entry := range strings.Split(value, ",") {
		bad := func(why string) (Retention, error) {
			return r, &Error{"RETENTION", "entry " + strconv.Itoa(i+1) + " " + why, "history=730,attempts=30"}
		}
		name, days, ok := strings.Cut(entry, "=")
		field := fields[strings.TrimSpace(name)]
		n, err := strconv.Atoi(strings.TrimSpace(days))
		switch {
		case !ok:
			return bad("is not NAME=DAYS")
		case field == nil:
			return bad("has another name than attempts, credentials, history and mails, or one of them twice")
		case err != nil || n < 0 || n > maxRetention:
			return bad("has days that are not a number between 0 and " + strconv.Itoa(maxRetention))
		case field == &r.Mails && n != 0 && n < minMails:
			return bad("keeps mails for less than " + strconv.Itoa(minMails) + " days, and what was forgotten would be sent again")
		}
		*field = n
		delete(fields, strings.TrimSpace(name))
	}
	return r, nil
}
