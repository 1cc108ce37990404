package models

import (
	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
)

// Migrator is the provider that Migrate uses, for tests that also go down.
func (db *DB) Migrator() (*goose.Provider, error) { return db.migrator() }

// Writer is the pool that transactions use.
func (db *DB) Writer() *gorm.DB { return db.write }

// Transient and Attempts are what InTx runs again, and how often at most.
var Transient = transient

// Attempts bounds the runs of a transaction.
const Attempts = attempts
