// Package house holds no code, only tests of the house itself: which room may
// import which, and that every room tells its story. They read the files of
// the whole tree, so they also see what does not compile.
package house
