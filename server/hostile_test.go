package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"rollcall/credential"
	"rollcall/internal/housetest"
)

// A client that ends a body early, and waits for the answer on the other half of
// its connection, is told so; it is no failure of ours.
func TestHalfABody(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.plainTeam()
		_, secret, err := h.rooms.Credentials.CreateScimToken(housetest.AsOperator(t.Context()), credential.NewScimToken{TeamID: team, Name: "okta"})
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{"Content-Length: 50\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n20\r\n{"} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = fmt.Fprintf(conn, "POST /scim/acme/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s", secret, body)
			_ = conn.(*net.TCPConn).CloseWrite()
			got, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(got.Body)
			if got.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), `"status":"400"`) {
				t.Errorf("%q is answered %d %s", body, got.StatusCode, text)
			}
			_ = conn.Close()
		}
	})
}
