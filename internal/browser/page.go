package browser

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"spikealign/internal/durable"
)

// Page is an open page. Its methods end the test where something fails.
type Page struct {
	t       testing.TB
	b       *Browser
	session string
	origin  *url.URL

	mu      sync.Mutex
	faults  []string
	allowed []string
}

// object is the parameters of a command of Chromium's protocol.
type object map[string]any

// Open opens a page of its own, 1280 by 800, and waits until it is loaded. The addresses that it
// may ask are those of the host of the URL.
func (b *Browser) Open(t testing.TB, address string) *Page {
	t.Helper()
	origin, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var target struct{ TargetID string }
	var attached struct{ SessionID string }
	if err := b.call("", "Target.createTarget", object{"url": "about:blank"}, &target); err != nil {
		t.Fatal(err)
	}
	if err := b.call("", "Target.attachToTarget", object{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		t.Fatal(err)
	}
	p := &Page{t: t, b: b, session: attached.SessionID, origin: origin}
	b.mu.Lock()
	b.pages[p.session] = p
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		p.call(domain+".enable", nil, nil)
	}
	p.Size(1280, 800)
	p.Goto(address)
	return p
}

func (p *Page) call(method string, params, result any) {
	p.t.Helper()
	if err := p.b.call(p.session, method, params, result); err != nil {
		p.t.Fatalf("%s: %v", method, err)
	}
}

// event keeps what went wrong in the page.
func (p *Page) event(m message) {
	var fault string
	switch m.Method {
	case "Runtime.exceptionThrown":
		var e struct{ ExceptionDetails exception }
		json.Unmarshal(m.Params, &e)
		fault = "exception: " + e.ExceptionDetails.String()
	case "Runtime.consoleAPICalled":
		var e struct {
			Type string
			Args []struct {
				Value       any
				Description string
			}
		}
		json.Unmarshal(m.Params, &e)
		if e.Type != "error" && e.Type != "assert" && e.Type != "warning" {
			return
		}
		fault = "console." + e.Type + ":"
		for _, a := range e.Args {
			if a.Description != "" {
				fault += " " + a.Description
			} else {
				fault += fmt.Sprint(" ", a.Value)
			}
		}
	case "Log.entryAdded":
		var e struct {
			Entry struct{ Source, Level, Text, URL string }
		}
		json.Unmarshal(m.Params, &e)
		// No page asks for its icon: Chromium does.
		if e.Entry.Level != "error" || strings.HasSuffix(e.Entry.URL, "/favicon.ico") {
			return
		}
		fault = e.Entry.Source + ": " + e.Entry.Text + " " + e.Entry.URL
	case "Network.requestWillBeSent":
		var e struct{ Request struct{ URL string } }
		json.Unmarshal(m.Params, &e)
		u, err := url.Parse(e.Request.URL)
		if err == nil && (u.Host == p.origin.Host || u.Scheme == "data" || u.Scheme == "blob" || u.Scheme == "about") {
			return
		}
		fault = "request to " + e.Request.URL
	case "Inspector.targetCrashed":
		fault = "the page crashed"
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, fault)
}

// Allow names a part of faults that the test expects.
func (p *Page) Allow(part string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowed = append(p.allowed, part)
}

// Faults returns what went wrong so far and was not allowed.
func (p *Page) Faults() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.faults), func(f string) bool {
		return slices.ContainsFunc(p.allowed, func(part string) bool { return strings.Contains(f, part) })
	})
}

func (p *Page) check() {
	for _, f := range p.Faults() {
		p.t.Errorf("%s: %s", p.origin, f)
	}
}

// Goto goes to another address, or to the same one again, and waits until it is loaded.
func (p *Page) Goto(address string) {
	p.t.Helper()
	var loaded struct{ ErrorText string }
	p.call("Page.navigate", object{"url": address}, &loaded)
	if loaded.ErrorText != "" {
		p.t.Fatalf("%s: %s", address, loaded.ErrorText)
	}
	p.Wait(`document.readyState == "complete"`, patience)
}

// Size sets the size of the window in CSS pixels, of which each is a pixel of the screen.
func (p *Page) Size(width, height int) {
	p.t.Helper()
	p.Screen(width, height, 1)
}

// Screen sets the size of the window in CSS pixels and how many pixels of the screen each is wide.
func (p *Page) Screen(width, height int, density float64) {
	p.t.Helper()
	p.call("Emulation.setDeviceMetricsOverride", object{"width": width, "height": height, "deviceScaleFactor": density, "mobile": false}, nil)
}

// Dark sets which colours the system is said to prefer.
func (p *Page) Dark(dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.call("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

type exception struct {
	Text      string
	Exception struct{ Description string }
}

func (e exception) String() string { return strings.TrimSpace(e.Text + " " + e.Exception.Description) }

func (p *Page) eval(js string, out any) error {
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *exception
	}
	err := p.b.call(p.session, "Runtime.evaluate", object{"expression": js, "awaitPromise": true, "returnByValue": true}, &answer)
	switch {
	case err != nil:
		return err
	case answer.ExceptionDetails != nil:
		return fmt.Errorf("%s", answer.ExceptionDetails)
	case out == nil:
		return nil
	case answer.Result.Value == nil:
		return fmt.Errorf("no value")
	}
	return json.Unmarshal(answer.Result.Value, out)
}

// Eval runs JavaScript, awaits it where it is a promise, and decodes its value; out may be nil.
func (p *Page) Eval(js string, out any) {
	p.t.Helper()
	if err := p.eval(js, out); err != nil {
		p.t.Fatalf("%s: %v", js, err)
	}
}

// Wait waits until a condition in JavaScript holds.
func (p *Page) Wait(condition string, timeout time.Duration) {
	p.t.Helper()
	var err error
	for end := time.Now().Add(timeout); ; time.Sleep(20 * time.Millisecond) {
		var holds bool
		// While a page is being replaced there is nothing that could be asked.
		if err = p.eval("!!("+condition+")", &holds); err == nil && holds {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("within %v not: %s (%v; %s)", timeout, condition, err, strings.Join(p.Faults(), "; "))
		}
	}
}

// Text returns the text of the first element of a selector, as it is seen.
func (p *Page) Text(selector string) (text string) {
	p.t.Helper()
	p.Eval("document.querySelector("+quote(selector)+").innerText", &text)
	return text
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// point returns a place of the window by the fractions x and y of the box of an element, which is
// brought into view.
func (p *Page) point(selector string, x, y float64) (at [2]float64) {
	p.t.Helper()
	p.Eval(fmt.Sprintf(`{
		const e = document.querySelector(%s);
		if (!e) throw new Error("there is no such element");
		const place = block => {
			e.scrollIntoView({block, inline: "nearest", behavior: "instant"});
			const r = e.getBoundingClientRect();
			return [r.left + r.width * %g, r.top + r.height * %g];
		};
		const at = place("nearest"), seen = document.elementFromPoint(...at);
		seen && !e.contains(seen) && !seen.contains(e) ? place("center") : at; // a bar may lie over it
	}`, quote(selector), x, y), &at)
	return at
}

func (p *Page) mouse(kind string, at [2]float64, more object) {
	p.t.Helper()
	params := object{"type": kind, "x": at[0], "y": at[1], "pointerType": "mouse"}
	for k, v := range more {
		params[k] = v
	}
	p.call("Input.dispatchMouseEvent", params, nil)
}

// Click clicks with the mouse in the middle of an element.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.ClickAt(selector, 0.5, 0.5, 1)
}

// ClickAt clicks once or twice at the fractions x and y of the box of an element.
func (p *Page) ClickAt(selector string, x, y float64, times int) {
	p.t.Helper()
	at := p.point(selector, x, y)
	p.mouse("mouseMoved", at, nil)
	for k := range times {
		p.mouse("mousePressed", at, object{"button": "left", "buttons": 1, "clickCount": k + 1})
		p.mouse("mouseReleased", at, object{"button": "left", "clickCount": k + 1})
	}
}

// Move moves the mouse to the fractions x and y of the box of an element.
func (p *Page) Move(selector string, x, y float64) {
	p.t.Helper()
	p.mouse("mouseMoved", p.point(selector, x, y), nil)
}

// Drag draws with the mouse from one place of the box of an element to another.
func (p *Page) Drag(selector string, x0, y0, x1, y1 float64) {
	p.t.Helper()
	from := p.point(selector, x0, y0)
	var to [2]float64 // which may lie outside, and scrolls nothing
	p.Eval(fmt.Sprintf(`{
		const r = document.querySelector(%s).getBoundingClientRect();
		[r.left + r.width * %g, r.top + r.height * %g];
	}`, quote(selector), x1, y1), &to)
	p.mouse("mouseMoved", from, nil)
	p.mouse("mousePressed", from, object{"button": "left", "buttons": 1, "clickCount": 1})
	for k := range 5 {
		f := float64(k+1) / 5
		p.mouse("mouseMoved", [2]float64{from[0] + f*(to[0]-from[0]), from[1] + f*(to[1]-from[1])}, object{"button": "left", "buttons": 1})
	}
	p.mouse("mouseReleased", to, object{"button": "left", "clickCount": 1})
}

// codes are the numbers of keys that have a name instead of a character.
var codes = map[string]int{"Backspace": 8, "Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "PageUp": 33, "PageDown": 34, "End": 35, "Home": 36,
	"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Delete": 46}

var modifiers = map[string]int{"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}

// Keys presses keys one after the other: names as of KeyboardEvent.key ("Tab", "a", "ArrowLeft"),
// with "Shift+", "Control+" or "Alt+" before them where wanted.
func (p *Page) Keys(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		held := 0
		for name, bit := range modifiers {
			if rest, ok := strings.CutPrefix(key, name+"+"); ok && rest != "" {
				key, held = rest, held|bit
			}
		}
		params := object{"type": "keyDown", "key": key, "modifiers": held}
		if code := codes[key]; code != 0 {
			params["windowsVirtualKeyCode"], params["code"] = code, key
		}
		switch {
		case key == "Enter":
			params["text"] = "\r"
		case len([]rune(key)) == 1 && held&^modifiers["Shift"] == 0:
			params["text"] = key
		}
		p.call("Input.dispatchKeyEvent", params, nil)
		params["type"] = "keyUp"
		delete(params, "text")
		p.call("Input.dispatchKeyEvent", params, nil)
	}
}

// screenshot returns a picture of the page in its whole length, or of an element.
func (p *Page) screenshot(selector string) []byte {
	p.t.Helper()
	params := object{"format": "png", "captureBeyondViewport": true}
	if selector != "" {
		var box [4]float64
		p.Eval(fmt.Sprintf(`{
			const r = document.querySelector(%s).getBoundingClientRect();
			[r.left + scrollX, r.top + scrollY, r.width, r.height];
		}`, quote(selector)), &box)
		params["clip"] = object{"x": box[0], "y": box[1], "width": box[2], "height": box[3], "scale": 1}
	}
	var shot struct{ Data string }
	p.call("Page.captureScreenshot", params, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		p.t.Fatal(err)
	}
	return data
}

// Screenshot writes the page in its whole length, or an element of it, as PNG.
func (p *Page) Screenshot(file string, selector ...string) {
	p.t.Helper()
	data := p.screenshot(strings.Join(selector, " "))
	err := durable.WriteFile(file, 0o644, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// Image returns the page, or an element of it, as Screenshot writes it.
func (p *Page) Image(selector ...string) image.Image {
	p.t.Helper()
	m, err := png.Decode(bytes.NewReader(p.screenshot(strings.Join(selector, " "))))
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}
