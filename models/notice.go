package models

import "time"

// Notice is something that people of a team are told of, once. It is written
// in the transaction of its cause; who gets the mail is found out afterwards.
type Notice struct {
	ID            ID
	TeamID        ID
	NoticeKey     string // what "once" means: two notices never have the same
	Kind          string // a kind of package mail
	CertificateID *ID
	MembershipID  *ID               // the only recipient; nil is the team's admins
	Recipient     string            // or the only address, of somebody who may be no member
	UserID        *ID               // whose address that is, if anybody's
	LinkID        *ID               // the one-time link that the mail carries
	Private       bool              // not for the team's admins to see
	Facts         map[string]string `gorm:"serializer:json"` // for the template, never a secret
	CreatedAt     time.Time
	AnnouncedAt   *time.Time // when the mails were written
	GroupID       *ID        // the notice whose mails tell of this one too
	UntoldAt      *time.Time // when it turned out that there was nobody to tell
}

// MailState is how far a mail has come.
type MailState string

// States of a mail.
const (
	MailQueued    MailState = "QUEUED"
	MailSent      MailState = "SENT"      // the mail server took it
	MailFailed    MailState = "FAILED"    // it never will
	MailCancelled MailState = "CANCELLED" // its cause or its recipient's office was gone
)

// Mail is one notice to one recipient.
type Mail struct {
	ID           ID
	TeamID       ID
	NoticeID     ID
	Recipient    string
	RecipientKey string // Fold(Recipient); unique within the notice
	MembershipID *ID    // nil for an extra address of the team
	Private      bool   // not for the team's admins to see
	Language     string
	State        MailState
	Attempts     int
	LastError    string // without addresses and without the server's own words
	CreatedAt    time.Time
	SentAt       *time.Time
}

// GlobalID is the id that clients see.
func (m Mail) GlobalID() string { return Global(PrefixMail, m.ID) }

// IsNode marks a Relay Node.
func (Mail) IsNode() {}

// NotificationSettings say whom a team wants told of what, and when. A team
// without a row has the defaults.
type NotificationSettings struct {
	ID              ID
	TeamID          ID
	ExtraRecipients []string `gorm:"serializer:json"` // besides the admins
	Language        string   // en or ja
	Days60          bool     // notices so many days before a certificate's end,
	Days14          bool     // besides those at 30, 7 and 1
	Days0           bool
	TrustDiscovered bool // whether certificates of refreshed metadata are trusted at once
	TellMembers     bool // whether members are told that they were shut out or removed
	WelcomeMembers  bool // whether people are told where they sign in when they are in for the first time
	DailyDigest     bool // whether admins are told once a day who was
	// BreakGlassReminder is whether admins are reminded of a way in without the
	// identity provider that nobody tried for ninety days.
	BreakGlassReminder bool
	Revision           int
	CreatedAt          time.Time
	UpdatedAt          time.Time
}

// TableName is the plural that gorm would not guess.
func (NotificationSettings) TableName() string { return "notification_settings" }

// GlobalID is the id that clients see.
func (n NotificationSettings) GlobalID() string { return Global(PrefixNotificationSettings, n.ID) }
