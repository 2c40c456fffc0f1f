package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"

	"spikealign/internal/durable"
	"spikealign/serve"
)

// defaultListen is where pages are shown unless that is taken: then at another port.
const defaultListen = "127.0.0.1:8377"

type serveCommand struct {
	Dir       string   `arg:"" default:"${runs}" help:"A folder of runs."`
	Listen    string   `placeholder:"ADDRESS" help:"Where to listen; without it 127.0.0.1:8377, or another port if that is taken. An address that other machines reach needs a token."`
	Host      []string `placeholder:"NAME" help:"A name by which browsers may call this server, beside localhost and addresses. Repeatable."`
	TokenFile string   `placeholder:"FILE" help:"The token that browsers must give, in a file that only you can read. Without it one is made, and told, where one is needed."`
	AllowRun  bool     `help:"Let the page start experiments; needs a token everywhere."`
	Export    string   `placeholder:"FOLDER" help:"Write the laboratory into a folder, as a page for any web server, and end."`
	Jobs      int      `short:"j" placeholder:"N" help:"How many experiments that were started from the page run at a time (default 2)."`
}

// Help shows the examples.
func (serveCommand) Help() string {
	return `Examples:

  spikealign serve
  spikealign serve runs/league --listen 127.0.0.1:9000
  spikealign serve --allow-run
  spikealign serve --export laboratory

Shows the runs and sweeps in a folder as web pages, live, also those that other programs and machines write there, and prints the address.
Ctrl-C stops it. From a cluster: ssh -L 8377:localhost:8377 NODE, and open http://localhost:8377/ here.`
}

// Validate is called by kong.
func (c *serveCommand) Validate() error {
	if c.Jobs < 0 {
		return fmt.Errorf("--jobs must not be negative")
	}
	return nil
}

// minToken is the length of a token that is not guessed.
const minToken = 16

// Run serves until it is stopped.
func (c *serveCommand) Run(a *app) error {
	if c.Export != "" {
		return serve.Export(c.Export)
	}
	l, err := c.listen()
	if err != nil {
		return err
	}
	defer l.Close()
	o := serve.Options{Dir: c.Dir, Kinds: a.kinds, Drawers: a.drawers, Hosts: c.Host, Jobs: c.Jobs, Log: a.log}
	if ip, err := netip.ParseAddrPort(l.Addr().String()); err == nil && ip.Addr().IsUnspecified() {
		if name, err := os.Hostname(); err == nil {
			o.Hosts = append(o.Hosts, name)
		}
	}
	if o.Token, err = c.token(l.Addr()); err != nil {
		return err
	}
	if c.AllowRun {
		program, err := os.Executable()
		if err != nil {
			return err
		}
		o.Program = []string{program}
	}
	if c.Dir == defaultRuns {
		if err := durable.MakeFolder(c.Dir); err != nil { // what is run later appears there
			return err
		}
	}
	s, err := serve.New(o)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, address(l.Addr(), o.Token))
	fmt.Fprintf(a.stderr, "showing the runs in %s; stop with Ctrl-C\n", c.Dir)
	err = s.Serve(a.ctx, l)
	return errors.Join(err, s.Close())
}

// listen opens the listener.
func (c *serveCommand) listen() (net.Listener, error) {
	at := c.Listen
	if at == "" {
		at = defaultListen
	}
	l, err := net.Listen("tcp", at)
	if c.Listen == "" && errors.Is(err, syscall.EADDRINUSE) {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, usagef("cannot listen: %v; choose another address with --listen", err)
	}
	return l, nil
}

// token returns what browsers must give, "" if they need nothing.
func (c *serveCommand) token(at net.Addr) (string, error) {
	if c.TokenFile != "" {
		text, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return "", usagef("cannot read the token: %v", err)
		}
		token := strings.TrimSpace(string(text))
		if len(token) < minToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`",;\`, r) }) {
			return "", usagef("the token in %s must have %d or more letters and digits", c.TokenFile, minToken)
		}
		return token, nil
	}
	if ip, err := netip.ParseAddrPort(at.String()); err == nil && ip.Addr().IsLoopback() && !c.AllowRun {
		return "", nil
	}
	return serve.NewToken(), nil
}

// address is what to open in a browser. Of a listener for all addresses it has the name of this
// machine.
func address(at net.Addr, token string) string {
	host := at.String()
	if ip, err := netip.ParseAddrPort(host); err == nil && ip.Addr().IsUnspecified() {
		name, err := os.Hostname()
		if err != nil {
			name = "localhost"
		}
		host = net.JoinHostPort(name, fmt.Sprint(ip.Port()))
	}
	u := url.URL{Scheme: "http", Host: host, Path: "/"}
	if token != "" {
		u.RawQuery = url.Values{"token": {token}}.Encode()
	}
	return u.String()
}
