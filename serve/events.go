package serve

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxClients  = 64
	queueLength = 16
	heartbeat   = 15 * time.Second
)

// change is what the page is told of the table: rows that are new or others, and rows that are
// gone.
type change struct {
	Version int64    `json:"version"`
	All     bool     `json:"all,omitempty"` // these are all rows that there are
	Rows    []Row    `json:"rows"`
	Gone    []string `json:"gone,omitempty"`
}

// client is an event stream. One that is too slow to take what there is loses its queue: the page
// then asks again, and is told what it missed.
type client struct {
	queue chan []byte // closed when it is dropped
}

// event is a change as it goes over the wire. Its id names this server, as another one counts
// versions anew.
func (s *Server) event(c change) []byte {
	text, err := json.Marshal(c)
	if err != nil {
		s.Log.Error("cannot encode a change", "error", err)
		return nil
	}
	return fmt.Appendf(nil, "id: %s-%d\nevent: runs\ndata: %s\n\n", s.born, c.Version, text)
}

// send gives a change to all clients. The caller holds mu.
func (w *watcher) send(c change) {
	if len(w.clients) == 0 {
		return
	}
	message := w.event(c)
	for client := range w.clients {
		select {
		case client.queue <- message:
		default:
			delete(w.clients, client)
			close(client.queue)
		}
	}
}

// join adds a client and returns what it does not know yet; nil if there are too many.
func (w *watcher) join(last string) (*client, []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.clients) >= maxClients {
		return nil, nil
	}
	version := int64(0)
	if born, number, ok := strings.Cut(last, "-"); ok && born == w.born {
		version, _ = strconv.ParseInt(number, 10, 64)
	}
	c := &client{make(chan []byte, queueLength)}
	w.clients[c] = true
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return c, w.event(w.since(version))
}

func (w *watcher) leave(c *client) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.clients, c)
}

// events streams changes: after the event of that id, which a browser gives when it connects again,
// and a page with the parameter since when it begins a stream anew; without one, from the table on.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	s.watcher.fresh(s.Poll)
	c, first := s.watcher.join(cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("since")))
	if c == nil {
		fail(w, http.StatusServiceUnavailable, "too many pages listen")
		return
	}
	defer s.watcher.leave(c)
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	write := func(b []byte) bool {
		_, err := w.Write(b)
		return err == nil && flush.Flush() == nil
	}
	if !write(append([]byte("retry: 1000\n\n"), first...)) {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		message, ok := []byte(":\n\n"), true
		select {
		case message, ok = <-c.queue:
		case <-beat.C:
		case <-r.Context().Done():
			return
		case <-s.done:
			return
		}
		if !ok || !write(message) {
			return
		}
	}
}
