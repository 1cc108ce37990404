// The server as scripts/e2e-browser runs it: rollcall's own command line with a
// clock that the run can set, because nothing there waits for links, requests
// or sessions to end. E2E_CLOCK names a file with the seconds that the server
// is ahead; an empty one is the real time. E2E_DNS names one with the TXT records
// that there are, a JSON object of lists by name.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rollcall/config"
	"rollcall/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv("E2E_CLOCK"), records(os.Getenv("E2E_DNS"))); err != nil {
		fmt.Fprintln(os.Stderr, "browserhouse:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, clock string, dns records) error {
	if _, err := ahead(clock); err != nil {
		return err
	}
	command, cfg, err := config.Parse(os.Args[1:], os.LookupEnv, os.Stdout)
	if err != nil {
		return err
	}
	now := func() time.Time {
		d, err := ahead(clock)
		if err != nil {
			panic(err) // the run broke its own file
		}
		return time.Now().Add(d)
	}
	return server.RunIn(ctx, command, cfg, server.Surroundings{Now: now, DNS: dns}, os.Stdout, os.Stderr)
}

// ahead reads how far the clock is set forward.
func ahead(file string) (time.Duration, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("E2E_CLOCK: %w", err)
	}
	said := strings.TrimSpace(string(text))
	if said == "" {
		return 0, nil
	}
	seconds, err := strconv.Atoi(said)
	if err != nil {
		return 0, fmt.Errorf("E2E_CLOCK: %w", err)
	}
	return time.Duration(seconds) * time.Second, nil
}

// records is the file that stands in for the DNS.
type records string

// LookupTXT answers as net.Resolver does.
func (file records) LookupTXT(_ context.Context, name string) ([]string, error) {
	text, err := os.ReadFile(string(file))
	if err != nil {
		return nil, err
	}
	var all map[string][]string
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	found, ok := all[strings.TrimSuffix(name, ".")]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return found, nil
}
