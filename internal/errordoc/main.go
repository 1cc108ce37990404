// Command errordoc writes docs/errors.md out of the tables of package fault, so
// that what people read is what the doors answer. go generate ./fault runs it.
package main

import (
	"fmt"
	"os"
	"strings"

	"rollcall/fault"
)

func main() {
	if err := os.WriteFile(os.Args[1], []byte(document()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// document is docs/errors.md as the tables want it.
func document() string {
	var b strings.Builder
	b.WriteString(`# Errors

<!-- Generated from package fault by go generate ./fault; do not edit. -->

Codes stay the same for ever; compare against them and show the messages to people.

GraphQL tells of mistakes in three layers:

1. The HTTP status, for what is no well-formed request: 400, 401, 403, 405, 406, 413, 415, 429.
2. ` + "`errors`" + ` at the top level, each with ` + "`extensions.code`" + ` and ` + "`extensions.requestId`" + `; at most 20 of them.
   A failure of ours is INTERNAL_SERVER_ERROR and "internal error"; the request id leads to its line in the log.
3. ` + "`userErrors`" + ` in the payload of a mutation, for what the sender of the input can mend. When there is one, nothing was changed.

SCIM and the pages of the sign-in turn the same kinds into their own statuses.

`)
	section(&b, "User errors", "In `userErrors { code field message }`, and as `extensions.code` where a query meets them.", fault.Table, func(e fault.Entry) bool {
		return upper(e.Code) && mendable(e.Kind)
	})
	section(&b, "Callers", "As `extensions.code`, in whatever field they are met.", fault.Table, func(e fault.Entry) bool {
		return upper(e.Code) && !mendable(e.Kind)
	})
	section(&b, "Requests", "As `extensions.code`; nothing was executed.", fault.Edge, func(fault.Entry) bool { return true })
	section(&b, "Refused sign-ins", "On the page of a person who was refused, and as `LoginAttempt.code`.", fault.Table, func(e fault.Entry) bool { return !upper(e.Code) })
	return b.String()
}

func section(b *strings.Builder, title, where string, table []fault.Entry, in func(fault.Entry) bool) {
	fmt.Fprintf(b, "## %s\n\n%s\n\n| code | kind | what happened | what mends it |\n|---|---|---|---|\n", title, where)
	for _, e := range table {
		if in(e) {
			fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", e.Code, e.Kind, e.Meaning, e.Advice)
		}
	}
	b.WriteString("\n")
}

func upper(c fault.Code) bool { return strings.ToUpper(string(c)) == string(c) }

// mendable are the kinds that become user errors.
func mendable(k fault.Kind) bool {
	return k == fault.Invalid || k == fault.NotFound || k == fault.Conflict || k == fault.Precondition
}
