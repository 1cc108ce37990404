package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// smtpWithin is how long one message may take from the greeting to the last
// word. Whoever calls Send allows a little more.
const smtpWithin = 30 * time.Second

// SMTP hands messages to a mail server, one connection each.
type SMTP struct {
	Host        string
	Port        int
	ImplicitTLS bool // TLS from the first byte (RFC 8314 section 3); STARTTLS otherwise
	Username    string
	Password    string
	Roots       *x509.CertPool // nil is the system's
	Now         func() time.Time
	// Dial connects; nil is the network itself.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Send implements Sender. Without implicit TLS the server has to offer
// STARTTLS; only one on this very machine may do without (RFC 3207 section 6
// names what happens to those who let it go).
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := build(m, s.Now())
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(s.Host, s.options()...)
	if err != nil {
		return &Error{Reason: "the mail server's settings cannot be used", cause: err}
	}
	if err := client.DialWithContext(ctx); err != nil {
		return &Error{Reason: dialReason(err), cause: err}
	}
	err = client.Send(msg)
	// Whether the goodbye works is of no interest: the message is there or it is not.
	_ = client.Close()
	if err == nil || msg.IsDelivered() {
		return nil
	}
	return refusal(err)
}

func (s *SMTP) options() []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTimeout(smtpWithin), gomail.WithoutNoop(),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12, RootCAs: s.Roots}),
	}
	switch {
	case s.ImplicitTLS:
		options = append(options, gomail.WithSSL())
	case local(s.Host):
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.Dial != nil {
		options = append(options, gomail.WithDialContextFunc(s.Dial))
	}
	if s.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.Username), gomail.WithPassword(s.Password))
	}
	return options
}

// local reports whether a host is this machine, whatever a name server says.
func local(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// dialReason says in our own words why there is no conversation. All of it may
// pass: an operator can mend a password.
func dialReason(err error) string {
	var unknown *tls.CertificateVerificationError
	var network net.Error
	switch {
	case strings.Contains(err.Error(), "does not support STARTTLS"):
		return "the mail server does not offer STARTTLS"
	case errors.As(err, &unknown):
		return "the mail server's certificate cannot be verified"
	case errors.As(err, &network) && network.Timeout():
		return "the mail server did not answer in time"
	case strings.Contains(err.Error(), "AUTH"), strings.Contains(err.Error(), "535"):
		return "the mail server did not accept user and password"
	}
	return "the mail server cannot be reached"
}

// refusal keeps of a server's answer its number and whether it is about this
// message for good (RFC 5321 section 4.2.1).
func refusal(err error) *Error {
	var e *gomail.SendError
	if !errors.As(err, &e) {
		return &Error{Reason: "the conversation with the mail server broke off", cause: err}
	}
	code := e.ErrorCode()
	if code < 400 || code > 599 {
		return &Error{Reason: "the conversation with the mail server broke off", cause: err}
	}
	about := e.Reason == gomail.ErrSMTPRcptTo || e.Reason == gomail.ErrSMTPData || e.Reason == gomail.ErrSMTPDataClose
	return &Error{Reason: "the mail server answered " + strconv.Itoa(code), Permanent: about && code >= 500, cause: err}
}
