// Package models is the room of the rows: what is stored and how the database
// is opened, migrated and kept in transactions. It holds data and no verbs; the
// rules about members, sign-in and credentials live in the rooms above.
//
// The truth of the schema is the hand-written SQL in migrations, one directory
// per dialect with equal file numbers; a test compares both dialects and the
// rows in this package. gorm is used without hooks, soft delete or association
// autosave, and never migrates anything.
package models
