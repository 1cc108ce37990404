// Rollcall keeps a team's members in step with the team's identity provider:
// people sign in through SAML 2.0 and are provisioned on the spot, SCIM 2.0
// removes them, and GraphQL sets all of it up.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"rollcall/config"
	"rollcall/server"
)

// Exit codes: 1 for what fails while running, 2 for what was asked wrongly.
const (
	failed = 1
	misuse = 2
)

func main() {
	command, cfg, err := config.Parse(os.Args[1:], os.LookupEnv, os.Stdout)
	if err != nil {
		exit(misuse, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := server.Run(ctx, command, cfg, os.Stdout, os.Stderr); err != nil {
		exit(failed, err)
	}
}

func exit(code int, err error) {
	fmt.Fprintln(os.Stderr, "rollcall:", err)
	os.Exit(code)
}
