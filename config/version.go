package config

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version is the line that the command version prints: the module's version as
// the toolchain recorded it, which is the tag or the commit it was built from.
func Version() string {
	info, _ := debug.ReadBuildInfo()
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	version := "(devel)"
	if info != nil && info.Main.Version != "" {
		version = info.Main.Version
	}
	return fmt.Sprintf("rollcall %s (%s, %s/%s)", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
