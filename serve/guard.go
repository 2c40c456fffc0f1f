package serve

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// policy lets pages take nothing from anywhere but this server, and lets nobody frame them.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; " +
	"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const (
	writeTimeout = 30 * time.Second // of one piece
	cookieName   = "spikealign"
	tokenHeader  = "X-Spikealign-Token"

	startPath = "/api/start"
	stopPath  = "/api/stop"
)

// NewToken returns a token that nobody can guess.
func NewToken() string { return rand.Text() }

// guard lets through only requests that are meant for this server and come from its own pages, or
// from no page at all.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		w = &patient{w, http.NewResponseController(w)}
		isPost := r.Method == http.MethodPost && (r.URL.Path == startPath || r.URL.Path == stopPath)
		switch {
		case !s.called(r.Host):
			// A name of somebody else's that leads here would make their pages ours.
			fail(w, http.StatusMisdirectedRequest, "this server is not called by that name")
		case !isPost && r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			fail(w, http.StatusMethodNotAllowed, "only GET and HEAD are allowed here")
		case foreign(r, isPost):
			fail(w, http.StatusForbidden, "requests from other sites are refused")
		case s.Token != "" && !s.admitted(w, r):
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// called tells whether a Host header is one of this server's: an address, which no name can be made
// to look like, the loopback's name, or a name that was given.
func (s *Server) called(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if at, err := netip.ParseAddr(name); err == nil {
		return s.Token != "" || at.IsLoopback()
	}
	name = strings.ToLower(name)
	return name == "localhost" || slices.Contains(s.Hosts, name)
}

// foreign tells whether a request comes from a page of another site. To follow a link to one of the
// pages is allowed to everybody.
func foreign(r *http.Request, isPost bool) bool {
	if origin := r.Header.Get("Origin"); origin != "" || isPost {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return true
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	isPage := r.URL.Path == "/" || strings.HasSuffix(r.URL.Path, ".html")
	return !(isPage && !isPost && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document")
}

// admitted tells whether a request has the token, in a cookie or a header. A link that has it gives
// the cookie, and the address without it.
func (s *Server) admitted(w http.ResponseWriter, r *http.Request) bool {
	if q := r.URL.Query(); q.Has("token") && (r.URL.Path == "/" || strings.HasSuffix(r.URL.Path, ".html")) {
		if !s.isToken(q.Get("token")) {
			time.Sleep(failDelay)
			fail(w, http.StatusUnauthorized, "that is not the token of this server")
			return false
		}
		q.Del("token")
		http.SetCookie(w, &http.Cookie{Name: cookieName, Value: s.Token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		http.Redirect(w, r, (&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).RequestURI(), http.StatusSeeOther)
		return false
	}
	given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if c, err := r.Cookie(cookieName); err == nil && given == "" {
		given = c.Value
	}
	if !s.isToken(given) {
		fail(w, http.StatusUnauthorized, "a token is needed: open the address that spikealign serve printed")
		return false
	}
	return true
}

// failDelay makes guessing slow.
const failDelay = 300 * time.Millisecond

func (s *Server) isToken(given string) bool { return isSame(given, s.Token) }

// isSame compares in a time that tells nothing of what differs.
func isSame(given, token string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
}

// patient is a ResponseWriter that gives up on a client that takes nothing for a while.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (p *patient) Write(b []byte) (int, error) {
	// Where there is no connection, as in tests, there is nothing to wait for.
	_ = p.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	return p.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// fail answers with an error as JSON.
func fail(w http.ResponseWriter, code int, text string) {
	answer(w, code, struct {
		Error string `json:"error"`
	}{text})
}

// answer answers with JSON. Its text is safe within a page, too: < is \u003c.
func answer(w http.ResponseWriter, code int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		code, text = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(text) // who asked may be gone
}
