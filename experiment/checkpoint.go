package experiment

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"spikealign/settings"
)

// checkpointFormat is the version of header.
const checkpointFormat = 2

var errBadCheckpoint = errors.New("its content does not fit this experiment")

// header is everything in a checkpoint beside the state of the run and what durable.Header tells:
// first its length in 8 bytes, then itself as JSON, then the state.
type header struct {
	Format int    `json:"format"`
	State  int    `json:"state_version"`
	Config string `json:"config"`         // Spec.decisive
	Bare   bool   `json:"bare,omitempty"` // of a finished run: the state was not kept

	Start    time.Time         `json:"start"`
	Wall     float64           `json:"wall_seconds"`
	CPU      float64           `json:"cpu_seconds"`
	Earlier  []string          `json:"earlier_programs,omitempty"`
	Ends     []End             `json:"ends,omitempty"`
	Tables   []mark            `json:"tables"`
	Recorder recorderState     `json:"recorder"`
	Latest   []json.RawMessage `json:"latest,omitempty"` // last row of metrics
}

// encode returns what stands before the state.
func (h *header) encode() ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), nil
}

// decode reads the header of a checkpoint and returns the state, a part of b. A header of another
// format than checkpointFormat is no error here.
func (h *header) decode(b []byte) (state []byte, err error) {
	if len(b) < 8 {
		return nil, errBadCheckpoint
	}
	n := binary.LittleEndian.Uint64(b)
	if n > uint64(len(b)-8) {
		return nil, errBadCheckpoint
	}
	// Of a header of another format nothing but that is read.
	var of struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b[8:8+n], &of); err != nil {
		return nil, errBadCheckpoint
	}
	if h.Format = of.Format; h.Format != checkpointFormat {
		return nil, nil
	}
	if err := json.Unmarshal(b[8:8+n], h); err != nil || !h.possible() {
		return nil, errBadCheckpoint
	}
	return b[8+n:], nil
}

// possible reports whether all lengths agree with each other.
func (h *header) possible() bool {
	for _, m := range h.Tables {
		if m.Len < 0 {
			return false
		}
	}
	return h.Recorder.possible()
}

// maxChanges is how many changes of a configuration a message tells.
const maxChanges = 3

// changesOf tells what differs between two configurations, line by line, but for what stands at or
// below the paths in told.
func changesOf(old, now string, told ...string) (changes []string) {
	a, b := linesOf(old), linesOf(now)
	paths := b.paths
	for _, p := range a.paths {
		if _, ok := b.text[p]; !ok {
			paths = append(paths, p)
		}
	}
	for _, p := range paths {
		x, wasThere := a.text[p]
		y, isThere := b.text[p]
		if x == y && wasThere == isThere || slices.ContainsFunc(told, func(t string) bool { return p == t || strings.HasPrefix(p, t+".") }) {
			continue
		}
		told = append(told, p)
		if !wasThere {
			x = "(nothing)"
		}
		if !isThere {
			y = "(nothing)"
		}
		same := 0
		for same < min(len(x), len(y)) && x[same] == y[same] {
			same++
		}
		text := "it said `" + excerpt(x, same) + "`, now it says `" + excerpt(y, same) + "`"
		if k := strings.LastIndexByte(p, '.'); k >= 0 {
			text += " (in " + p[:k] + ")"
		}
		changes = append(changes, text)
	}
	return changes
}

// tell is what a message says of changes.
func tell(changes []string) string {
	if n := len(changes) - maxChanges; n > 0 {
		return strings.Join(changes[:maxChanges], "; ") + fmt.Sprintf("; and %d more", n)
	}
	return strings.Join(changes, "; ")
}

// lines are the lines of a configuration by their dotted paths: of a key, or of a line in a list.
type lines struct {
	paths []string
	text  map[string]string
}

func linesOf(config string) lines {
	type block struct {
		indent int
		path   string
		lines  int // that have no key
	}
	found, open := lines{text: map[string]string{}}, []block{{indent: -1}}
	for line := range strings.SplitSeq(config, "\n") {
		text := strings.TrimSpace(line)
		if text == "" {
			continue
		}
		indent := strings.Index(line, text)
		for open[len(open)-1].indent >= indent {
			open = open[:len(open)-1]
		}
		in := &open[len(open)-1]
		key, value, isKey := strings.Cut(text, ":")
		if isKey = isKey && !strings.HasPrefix(text, "-"); !isKey {
			key = strconv.Itoa(in.lines)
			in.lines++
		}
		path := settings.Join(in.path, key)
		if value = strings.TrimSpace(value); isKey && (value == "" || value == "[" || value == "|") {
			open = append(open, block{indent: indent, path: path})
		}
		// The elements of a list of blocks have the same keys.
		if before, ok := found.text[path]; ok {
			text = before + " " + text
		} else {
			found.paths = append(found.paths, path)
		}
		found.text[path] = text
	}
	return found
}

// excerpt is a line as it is, or the part of a long one around a place.
func excerpt(line string, at int) string {
	const most = 80
	if len(line) <= most {
		return line
	}
	from := max(0, min(at-most/4, len(line)-most))
	text := line[from : from+most]
	if from > 0 {
		text = "..." + text
	}
	if from+most < len(line) {
		text += "..."
	}
	return strings.ToValidUTF8(text, "")
}
