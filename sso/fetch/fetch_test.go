package fetch

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// host is a hostile or friendly web server on loopback, and a client that is
// allowed to that one address and to nothing else. What the real guard would
// have said is what every other address gets.
type host struct {
	*httptest.Server
	client  *Client
	mu      sync.Mutex
	refused []string
}

func newHost(t *testing.T, h http.HandlerFunc) *host {
	t.Helper()
	s := &host{Server: httptest.NewTLSServer(h)}
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	s.client = New(nil)
	real := s.client.Guard
	s.client.Guard = func(network, address string, c syscall.RawConn) error {
		if address == s.Listener.Addr().String() {
			return nil
		}
		err := real(network, address, c)
		if err == nil {
			err = errors.New("the test dials nothing but its own host")
			t.Errorf("%s would have been dialled", address)
		}
		s.mu.Lock()
		s.refused = append(s.refused, address)
		s.mu.Unlock()
		return err
	}
	s.client.Roots = x509.NewCertPool()
	s.client.Roots.AddCert(s.Certificate())
	return s
}

func (s *host) get(t *testing.T, path string) (Document, error) {
	t.Helper()
	return s.client.Get(t.Context(), s.URL+path, "", "")
}

func wantReason(t *testing.T, err error, part string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(e.Reason, part) {
		t.Errorf("got %v, want a reason with %q", err, part)
	}
}

func TestGet(t *testing.T) {
	s := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		w.Header().Set("Last-Modified", "Mon, 02 Mar 2026 09:00:00 GMT")
		if r.Header.Get("If-None-Match") == `"one"` && r.Header.Get("If-Modified-Since") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, "<xml/>")
	})
	d, err := s.get(t, "/")
	if err != nil || string(d.Body) != "<xml/>" || d.ETag != `"one"` || d.Unchanged {
		t.Fatalf("%+v, %v", d, err)
	}
	again, err := s.client.Get(t.Context(), s.URL, d.ETag, d.LastModified)
	if err != nil || !again.Unchanged || len(again.Body) != 0 {
		t.Errorf("%+v, %v", again, err)
	}
}

// An answer "not modified" to somebody who has no copy is no answer.
func TestNotModifiedUnasked(t *testing.T) {
	s := newHost(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	_, err := s.get(t, "/")
	wantReason(t, err, "status 304")
}

// None of these is dialled: the guard refuses them when the connection is
// about to be made, and a spy behind it counts what got through.
func TestRefusedBeforeDialling(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "192.0.0.1",
		"198.18.0.1", "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[::ffff:127.0.0.1]",
		"[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2001:db8::1]", "[ff02::1]", "[2002:7f00:1::]",
		"2130706433", "0x7f.1", "0177.0.0.1", "localhost",
	} {
		var passed atomic.Int64
		c := New(nil)
		real := c.Guard
		c.Guard = func(network, to string, conn syscall.RawConn) error {
			if err := real(network, to, conn); err != nil {
				return err
			}
			passed.Add(1)
			return errors.New("the test dials nobody")
		}
		c.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("the test asks no name server")
		}}
		c.Within = time.Minute
		_, err := c.Get(t.Context(), "https://"+address+"/metadata", "", "")
		if err == nil || passed.Load() != 0 {
			t.Errorf("%s: error %v, %d got through", address, err, passed.Load())
		}
	}
}

func TestRefusedPorts(t *testing.T) {
	c := New(nil)
	for address, ok := range map[string]bool{
		"93.184.215.14:443": true, "93.184.215.14:9031": true, "93.184.215.14:22": false, "93.184.215.14:80": false, "[2606:2800:21f::1]:443": true, "[2606:2800:21f::1]:25": false,
	} {
		network := "tcp4"
		if address[0] == '[' {
			network = "tcp6"
		}
		if err := c.Guard(network, address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// The operator may open a private network, and only that one.
func TestOperatorsNetworks(t *testing.T) {
	c := New([]netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd12:3456::/32")})
	for address, ok := range map[string]bool{
		"10.20.1.1:443": true, "10.21.1.1:443": false, "192.168.1.1:443": false, "127.0.0.1:443": false, "10.20.1.1:22": false,
	} {
		if err := c.Guard("tcp4", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	for address, ok := range map[string]bool{"[fd12:3456::1]:443": true, "[fd13::1]:443": false, "[::1]:443": false} {
		if err := c.Guard("tcp6", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestBadAddresses(t *testing.T) {
	for _, address := range []string{"", "idp", "http://idp.example/", "ftp://idp.example/", "https://", "https://u:p@idp.example/", "https:idp", "file:///etc/passwd", "https://idp.example/" + strings.Repeat("a", maxURL), "https://idp.example\n/"} {
		if _, err := New(nil).Get(t.Context(), address, "", ""); err == nil {
			t.Errorf("%q was asked", address)
		}
	}
}

// A redirect inward meets the guard like the first address did.
func TestRedirects(t *testing.T) {
	s := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		n := 0
		_, _ = fmt.Sscanf(r.URL.Path, "/hop/%d", &n)
		switch {
		case strings.HasPrefix(r.URL.Path, "/to/"):
			w.Header().Set("Location", strings.TrimPrefix(r.URL.RequestURI(), "/to/"))
			w.WriteHeader(http.StatusFound)
		case n > 0:
			http.Redirect(w, r, fmt.Sprintf("/hop/%d", n-1), http.StatusFound)
		default:
			fmt.Fprint(w, "there")
		}
	})
	if d, err := s.get(t, "/hop/3"); err != nil || string(d.Body) != "there" {
		t.Errorf("three redirects: %q, %v", d.Body, err)
	}
	_, err := s.get(t, "/hop/4")
	wantReason(t, err, "more than 3")
	_, err = s.get(t, "/to/http://example.com/")
	wantReason(t, err, "https://")
	_, err = s.get(t, "/to/https://u:p@example.com/")
	wantReason(t, err, "redirects")
	for _, inward := range []string{"https://169.254.169.254/latest/meta-data/", "https://10.0.0.1/", "https://[::1]/", "https://127.0.0.1:1/"} {
		s.refused = nil
		if _, err := s.get(t, "/to/"+inward); err == nil {
			t.Errorf("%s was followed", inward)
		} else {
			wantReason(t, err, "cannot be reached")
		}
		if len(s.refused) != 1 {
			t.Errorf("%s: the guard refused %v", inward, s.refused)
		}
	}
}

func TestSlowEndlessAndHuge(t *testing.T) {
	s := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/silent":
			<-r.Context().Done()
		case "/drip":
			for r.Context().Err() == nil {
				if _, err := fmt.Fprint(w, "x"); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(5 * time.Millisecond):
				}
			}
		case "/endless":
			chunk := bytes.Repeat([]byte("x"), 64<<10)
			for {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		case "/announced":
			w.Header().Set("Content-Length", "1000000000")
			w.WriteHeader(http.StatusOK)
		case "/header":
			w.Header().Set("X-Large", strings.Repeat("x", 2*maxHeader))
		case "/exact":
			_, _ = w.Write(bytes.Repeat([]byte("x"), maxBytes))
		case "/squeezed":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("\x1f\x8b\x08"))
		}
	})
	if d, err := s.get(t, "/exact"); err != nil || len(d.Body) != maxBytes {
		t.Errorf("a document of the largest size: %d bytes, %v", len(d.Body), err)
	}
	if d, err := s.get(t, "/squeezed"); err != nil || len(d.Body) != 3 {
		t.Errorf("a compressed document is unpacked: %d bytes, %v", len(d.Body), err)
	}
	for path, part := range map[string]string{"/endless": "larger", "/announced": "larger", "/header": "cannot be reached"} {
		_, err := s.get(t, path)
		wantReason(t, err, part)
	}
	s.client.Within = 300 * time.Millisecond
	for _, path := range []string{"/silent", "/drip"} {
		began := time.Now()
		d, err := s.get(t, path)
		wantReason(t, err, "in time")
		if err == nil {
			t.Errorf("%s gave %d bytes after %v", path, len(d.Body), time.Since(began))
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%s took %v", path, took)
		}
	}
}

func TestStatusAndTrust(t *testing.T) {
	s := newHost(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	_, err := s.get(t, "/")
	wantReason(t, err, "status 418")
	s.client.Roots = x509.NewCertPool()
	_, err = s.get(t, "/")
	wantReason(t, err, "TLS certificate")
	s.client.Guard = nil
	_, err = s.get(t, "/")
	wantReason(t, err, "cannot be reached")
}

// A name server that says something else each time: public when somebody
// looks, inward when it counts. What is dialled is what is judged.
func TestRebinding(t *testing.T) {
	s := newHost(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "inside") })
	var asked atomic.Int64
	names := nameServer(t, func() netip.Addr {
		if asked.Add(1) == 1 {
			return netip.MustParseAddr("93.184.215.14")
		}
		return netip.MustParseAddr("10.0.0.7")
	})
	s.client.Resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", names)
	}}
	first, err := s.client.Resolver.LookupNetIP(t.Context(), "ip4", "idp.example.test")
	if err != nil || first[0].String() != "93.184.215.14" {
		t.Fatalf("the first answer is %v, %v", first, err)
	}
	if _, err := s.client.Get(t.Context(), "https://idp.example.test/", "", ""); err == nil {
		t.Error("the address from inside was dialled")
	}
	if len(s.refused) == 0 || s.refused[0] != "10.0.0.7:443" {
		t.Errorf("the guard refused %v", s.refused)
	}
}

// nameServer answers every question for an IPv4 address with what it is told.
func nameServer(t *testing.T, answer func() netip.Addr) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			q := buf[:n]
			end := 12
			for end < n && q[end] != 0 {
				end += int(q[end]) + 1
			}
			end += 5
			if end > n {
				continue
			}
			out := append([]byte{}, q[:2]...)
			out = append(out, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0)
			out = append(out, q[12:end]...)
			if binary.BigEndian.Uint16(q[end-4:]) == 1 {
				out[7] = 1
				a := answer().As4()
				out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
				out = append(out, a[:]...)
			}
			_, _ = conn.WriteTo(out, from)
		}
	}()
	return conn.LocalAddr().String()
}
