package config

import (
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// check turns what was written into a Config or the first error.
func (s Settings) check(command Command) (Config, error) {
	var c Config
	var err error
	if c.Addr, err = addr(s.Addr); err != nil {
		return c, err
	}
	if c.BaseURL, err = baseURL(s.BaseURL, c.Addr); err != nil {
		return c, err
	}
	if command == Demo {
		if err := demoStaysHere(c); err != nil {
			return c, err
		}
	}
	if c.Database, err = database(s.DatabaseURL); err != nil {
		return c, err
	}
	if c.SMTP, err = smtp(s.SMTPURL); err != nil {
		return c, err
	}
	if c.MailFrom, err = mailFrom(s.MailFrom, c.BaseURL); err != nil {
		return c, err
	}
	if c.OperatorMail, err = operatorMail(s.OperatorMail); err != nil {
		return c, err
	}
	if c.SecretKey, err = secretKey(s.SecretKey, c.Loopback()); err != nil {
		return c, err
	}
	if c.LogFormat, err = oneOf("LOG_FORMAT", s.LogFormat, LogText, LogJSON); err != nil {
		return c, err
	}
	if c.TrustedProxies, err = trustedProxies(s.TrustedProxies); err != nil {
		return c, err
	}
	if s.MetricsAddr != "" {
		if c.MetricsAddr, err = listenAddr("METRICS_ADDR", s.MetricsAddr, "127.0.0.1:9090"); err != nil {
			return c, err
		}
	}
	if c.MetadataNets, err = networks("METADATA_NETWORKS", s.MetadataNets); err != nil {
		return c, err
	}
	if c.Retention, err = retention(s.Retention); err != nil {
		return c, err
	}
	how, err := oneOf("JOBS", s.Jobs, "listen", "poll")
	if err != nil {
		return c, err
	}
	c.PollOnly = how == "poll"
	c.TrustedDocs = strings.TrimSpace(s.TrustedDocs)
	explorer, err := oneOf("GRAPHIQL", s.GraphiQL, "false", "true")
	if err != nil {
		return c, err
	}
	c.GraphiQL = explorer == "true"
	limit, err := oneOf("RATE_LIMIT", s.RateLimit, "default", "off")
	c.RateLimit = limit == "default"
	return c, err
}

// addr checks host:port. An empty host listens on every address.
func addr(value string) (string, error) { return listenAddr("ADDR", value, "127.0.0.1:8080") }

func listenAddr(setting, value, example string) (string, error) {
	value = strings.TrimSpace(value)
	bad := func(why string) (string, error) { return "", &Error{setting, why, example} }
	if value == "" {
		return bad("is empty")
	}
	host, port, err := net.SplitHostPort(value)
	switch {
	case err != nil && !strings.Contains(value, ":"):
		return bad("has no port")
	case err != nil || !hostName(host):
		return bad("is not a host and a port (IPv6 addresses stand in brackets)")
	case !portNumber(port):
		return bad("has a port that is not a number between 1 and 65535")
	}
	return value, nil
}

// hostName reports whether host consists of what names and addresses do.
func hostName(host string) bool {
	return strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-_:") == ""
}

func portNumber(port string) bool {
	n, err := strconv.Atoi(port)
	return err == nil && n >= 1 && n <= 65535
}

// here reports whether an address to listen on is closed to other machines.
func here(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && loopback(host)
}

// baseURL checks the address that the installation has for the outside. It is
// part of every team's entity id, so it has one spelling only: small letters,
// no default port, nothing after the host.
func baseURL(value, addr string) (string, error) {
	bad := func(why string) (string, error) { return "", &Error{"BASE_URL", why, "https://rollcall.example.com"} }
	value = strings.TrimSpace(value)
	if value == "" {
		if !here(addr) {
			return bad("is required because the address to listen on is not one of this machine")
		}
		value = "http://" + addr
	}
	u, err := url.Parse(value)
	switch {
	case err != nil:
		return bad("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("does not begin with https:// or http://")
	case u.Opaque != "" || u.Hostname() == "":
		return bad("has no host")
	case u.User != nil:
		return bad("holds a user name")
	case u.Path != "" && u.Path != "/":
		return bad("has a path; Rollcall needs a host of its own")
	case strings.ContainsAny(value, "?#"):
		return bad("has something after the host")
	case !hostName(u.Hostname()):
		return bad("has a host with characters that host names do not have (others than ASCII have an xn-- form)")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return bad("is plain http, which is for this machine only")
	case u.Port() != "" && !portNumber(u.Port()):
		return bad("has a port that is not a number between 1 and 65535")
	}
	return u.Scheme + "://" + host(u), nil
}

// host is the host in small letters, without the scheme's default port.
func host(u *url.URL) string {
	h, port := strings.ToLower(u.Host), u.Port()
	if port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		return strings.TrimSuffix(h, ":"+port)
	}
	return h
}

// loopback reports whether a host of a URL is this very machine, whatever a
// name server says.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// demoStaysHere keeps the identity provider that asks for no password away
// from other machines.
func demoStaysHere(c Config) error {
	if !here(c.Addr) {
		return &Error{"ADDR", "is open to other machines, and the demo signs in everybody without a password", "127.0.0.1:8080"}
	}
	if !c.Loopback() {
		return &Error{"BASE_URL", "is not one of this machine, and the demo is for this machine only", "http://127.0.0.1:8080"}
	}
	return nil
}

// trustedProxies reads a list of addresses and networks in CIDR notation.
func trustedProxies(value string) ([]netip.Prefix, error) { return networks("TRUSTED_PROXIES", value) }

// networks reads the list that a setting is.
func networks(setting, value string) ([]netip.Prefix, error) {
	if strings.TrimSpace(value) == "" {
		return nil, nil
	}
	var list []netip.Prefix
	for i, text := range strings.Split(value, ",") {
		p, why := proxy(strings.TrimSpace(text))
		if why != "" {
			return nil, &Error{setting, "entry " + strconv.Itoa(i+1) + " " + why, "10.0.0.0/8,192.0.2.7"}
		}
		list = append(list, p)
	}
	return list, nil
}

// proxy reads one entry. A network of everybody would let every client write
// its own address into X-Forwarded-For.
func proxy(text string) (p netip.Prefix, why string) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
			return p, "is not a network in CIDR notation"
		case p.Bits() == 0:
			return p, "trusts everybody"
		case p.Addr().Is4In6():
			return p, "is an IPv4 network written as IPv6"
		}
		return p.Masked(), ""
	}
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" {
		return p, "is not an IP address"
	}
	ip = ip.Unmap()
	return netip.PrefixFrom(ip, ip.BitLen()), ""
}

// mailFrom checks the sender, or makes one up from the base URL.
func mailFrom(value, base string) (string, error) {
	if strings.TrimSpace(value) == "" {
		return defaultSender(base), nil
	}
	a, err := mail.ParseAddress(value)
	if err != nil || len(value) > 320 {
		return "", &Error{"MAIL_FROM", "is not one e-mail address, with or without a name", "Rollcall <rollcall@example.com>"}
	}
	return a.String(), nil
}

// maxOperators is how many addresses those who run the server may give.
const maxOperators = 5

// operatorMail splits and checks addresses without names.
func operatorMail(value string) ([]string, error) {
	var out []string
	for _, text := range strings.Split(value, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		a, err := mail.ParseAddress(text)
		if err != nil || a.Address != text || len(text) > 254 || len(out) == maxOperators {
			return nil, &Error{"OPERATOR_MAIL", "is not a list of at most five plain e-mail addresses", "ops@example.com,oncall@example.com"}
		}
		out = append(out, text)
	}
	return out, nil
}

func defaultSender(base string) string {
	domain := "localhost"
	if u, err := url.Parse(base); err == nil {
		if _, err := netip.ParseAddr(u.Hostname()); err != nil {
			domain = u.Hostname()
		}
	}
	return (&mail.Address{Name: "Rollcall", Address: "rollcall@" + domain}).String()
}

// oneOf checks a setting that is a choice between words.
func oneOf(setting, value string, words ...string) (string, error) {
	value = strings.TrimSpace(value)
	for _, w := range words {
		if value == w {
			return w, nil
		}
	}
	return "", &Error{setting, "is not one of " + strings.Join(words, ", "), words[0]}
}
