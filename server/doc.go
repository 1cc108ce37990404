// Package server is the wiring: it opens the database, builds the rooms, hangs
// the doors into one visible table of routes behind one chain of middleware,
// and listens until it is told to stop. main calls Run; end-to-end tests call
// what Run is made of.
package server
