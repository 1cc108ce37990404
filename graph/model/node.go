package model

// Node is an object with an id that is unique across all types. The rows of
// package models implement it.
type Node interface {
	IsNode()
	GlobalID() string
}
