package config

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// helpWidth is fixed: kong's own printer follows the environment variable
// COLUMNS and the terminal, and shows no variable's name without reading it.
const helpWidth = 80

// help prints one page for all commands, whichever it was asked of: there are
// few of them, and the settings are the same for all.
func help(_ kong.HelpOptions, ctx *kong.Context) error {
	var b strings.Builder
	b.WriteString("Rollcall keeps a team's members in step with the team's identity provider.\n\n" +
		"Usage: rollcall [COMMAND] [SETTINGS]\n\nCommands:\n")
	for _, leaf := range ctx.Model.Leaves(true) {
		name := strings.TrimPrefix(leaf.FullPath(), ctx.Model.Name+" ")
		for _, p := range leaf.Positional {
			name += " " + strings.ToUpper(p.Name)
		}
		for _, f := range leaf.Flags {
			flag := "--" + f.Name
			if !f.IsBool() {
				flag += " " + f.PlaceHolder
			}
			if !f.Required {
				flag = "[" + flag + "]"
			}
			name += " " + flag
		}
		item(&b, name, leaf.Help)
	}
	b.WriteString("\nSettings, as flags or environment variables; a flag wins:\n")
	for _, f := range ctx.Model.Flags {
		if f.Group == nil {
			continue
		}
		text := f.Help
		if f.HasDefault {
			text += " Default: " + f.Default + "."
		}
		item(&b, fmt.Sprintf("--%s %s, %s", f.Name, f.PlaceHolder, envName(f.Name)), text)
	}
	_, err := io.WriteString(ctx.Stdout, b.String())
	return err
}

// item writes a name and, under it, its text in lines of at most helpWidth.
func item(b *strings.Builder, name, text string) {
	b.WriteString("  " + name + "\n")
	line := "     "
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > helpWidth {
			b.WriteString(line + "\n")
			line = "     "
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}
