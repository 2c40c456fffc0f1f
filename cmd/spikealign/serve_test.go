//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// server is a running spikealign serve.
type server struct {
	*exec.Cmd
	address string
}

// serve starts the program and waits for the address that it prints.
func (p program) serve(args ...string) server {
	p.t.Helper()
	c := p.command(append([]string{"serve"}, args...)...)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = c.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.t.Fatal(err)
	}
	return server{c, strings.TrimSpace(line)}
}

// end stops a server as Ctrl-C does.
func (p program) end(s server) {
	p.t.Helper()
	if err := s.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	if code := p.code(s.Wait()); code != exitDone {
		p.t.Errorf("serve ends with code %d", code)
	}
}

// TestServe: the command prints an address that answers, needs its token where it has one, and ends
// at Ctrl-C, although a page listens.
func TestServe(t *testing.T) {
	p := newProgram(t)
	get := func(c *http.Client, address string) (code int, body string) {
		t.Helper()
		r, err := c.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(text)
	}
	s := p.serve("--listen", "127.0.0.1:0") // makes the folder runs
	if code, body := get(http.DefaultClient, s.address+"api/runs"); code != 200 || !strings.Contains(body, `"rows":[]`) {
		t.Error(code, body)
	}
	p.write("walk.yaml", "kind: fake\nreports: 2\n")
	p.must("run", "-q", "walk.yaml")
	events, err := http.Get(s.address + "api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	for lines := bufio.NewScanner(events.Body); lines.Scan(); {
		if strings.Contains(lines.Text(), `"id":"walk"`) && strings.Contains(lines.Text(), `"done"`) {
			break
		}
	}
	p.end(s)

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--allow-run"}, {"--listen", "0.0.0.0:0"}, {"--listen", "127.0.0.1:0", "--token-file", "token"}} {
		p.write("token", "0123456789abcdef\n")
		s := p.serve(append(args, "runs")...)
		u, err := url.Parse(s.address)
		if err != nil || len(u.Query().Get("token")) < minToken {
			t.Fatal(s.address, err)
		}
		u.Host = fmt.Sprintf("127.0.0.1:%s", u.Port())
		link := u.String()
		u.RawQuery = ""
		if code, _ := get(http.DefaultClient, u.String()+"api/runs"); code != 401 {
			t.Errorf("%v: without a token: %d", args, code)
		}
		client := &http.Client{Jar: jar}
		if code, body := get(client, link); code != 200 || !strings.Contains(body, "<title>Runs") {
			t.Errorf("%v: by the link: %d %s", args, code, body)
		}
		if code, body := get(client, u.String()+"api/runs"); code != 200 || !strings.Contains(body, `"id":"walk"`) {
			t.Errorf("%v: after the link: %d %s", args, code, body)
		}
		p.end(s)
	}

	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"nothing"}, "cannot serve nothing"},
		{[]string{"walk.yaml"}, "cannot serve walk.yaml"},
		{[]string{"--listen", "nowhere:x"}, "cannot listen"},
		{[]string{"--token-file", "none"}, "cannot read the token"},
		{[]string{"--token-file", "short"}, "must have 16 or more"},
		{[]string{"--jobs=-1"}, "must not be negative"},
	} {
		p.write("short", "secret")
		if code, _, stderr := p.run(append([]string{"serve"}, c.args...)...); code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: %d %s", c.args, code, stderr)
		}
	}
	if code, _, stderr := p.run("serve", "--export", "laboratory"); code != exitDone || p.read("laboratory", "index.html") == "" {
		t.Error(code, stderr)
	}
}
