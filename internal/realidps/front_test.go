//go:build realidps

package realidps

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"rollcall/sso/fetch"
)

// front is what stands before an identity provider on premises: https, under a
// certificate that the operator trusts, on a port that metadata may be fetched from.
type front struct{ url, roots string }

func startFront(t *testing.T) front {
	t.Helper()
	l := listen(t)
	host := l.Addr().(*net.TCPAddr)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{host.IP}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(passOn))
	server.Listener = l
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := filepath.Join(t.TempDir(), "roots.pem")
	write(t, roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return front{url: "https://" + host.String(), roots: roots}
}

// listen takes one of the ports on one of the many loopback addresses.
func listen(t *testing.T) net.Listener {
	t.Helper()
	for last := 2; last < 250; last++ {
		for _, port := range fetch.Ports[1:] {
			if l, err := net.Listen("tcp", fmt.Sprintf("127.0.77.%d:%d", last, port)); err == nil {
				return l
			}
		}
	}
	t.Fatal("no port is free for https")
	return nil
}

// of is an address behind the front.
func (f front) of(address string) string {
	return f.url + "/" + base64.RawURLEncoding.EncodeToString([]byte(address))
}

func passOn(w http.ResponseWriter, r *http.Request) {
	address, err := base64.RawURLEncoding.DecodeString(r.URL.Path[1:])
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	behind, err := http.Get(string(address))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = behind.Body.Close() }()
	w.WriteHeader(behind.StatusCode)
	_, _ = io.Copy(w, behind.Body) // who hangs up has seen enough
}
