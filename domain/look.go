package domain

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"rollcall/models"
)

const (
	// label is where the record stands, in front of the domain, and text what
	// stands in front of the token in it.
	label = "_rollcall-challenge."
	text  = "rollcall-verification="

	lookWithin = 5 * time.Second
	maxRecords = 100 // of one answer that are read
)

// Challenge is a record that a team has to put into a domain's DNS.
type Challenge struct{ Name, Type, Value string }

// ChallengeOf is the record that proves a domain.
func ChallengeOf(d models.Domain) Challenge {
	return Challenge{Name: label + d.Name, Type: "TXT", Value: text + d.Challenge}
}

// outcome is how a look ended.
type outcome int

const (
	found   outcome = iota
	missing         // the DNS answered, and the record is not there
	unsure          // the DNS did not answer
)

// look asks the DNS for the record, within a few seconds. The reason is for the
// team's admins and holds nothing of what strangers wrote into their DNS.
func (s *Service) look(ctx context.Context, d models.Domain) (outcome, string) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	resolver := s.Resolver
	if resolver == nil {
		resolver = &net.Resolver{PreferGo: true}
	}
	wanted := ChallengeOf(d)
	// The dot at the end keeps the machine's search list out of it.
	records, err := resolver.LookupTXT(ctx, wanted.Name+".")
	var trouble *net.DNSError
	switch {
	case errors.As(err, &trouble) && trouble.IsNotFound:
		return missing, "There is no TXT record at " + wanted.Name + "."
	case err != nil:
		return unsure, "The DNS did not answer for " + wanted.Name + "."
	}
	records = records[:min(len(records), maxRecords)]
	if slices.ContainsFunc(records, func(r string) bool { return strings.TrimSpace(r) == wanted.Value }) {
		return found, ""
	}
	return missing, "None of the TXT records at " + wanted.Name + " is the one that was asked for."
}
