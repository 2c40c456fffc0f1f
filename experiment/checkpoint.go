package experiment

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"time"
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

// firstChange names the first line in which two configurations differ.
func firstChange(old, now string) string {
	a, b := strings.Split(old, "\n"), strings.Split(now, "\n")
	for k := range max(len(a), len(b)) {
		x, y := "(nothing)", "(nothing)"
		if k < len(a) {
			x = strings.TrimSpace(a[k])
		}
		if k < len(b) {
			y = strings.TrimSpace(b[k])
		}
		if x != y {
			same := 0
			for same < min(len(x), len(y)) && x[same] == y[same] {
				same++
			}
			text := "it said `" + excerpt(x, same) + "`, now it says `" + excerpt(y, same) + "`"
			if block := blockOf(b, min(k, len(b)-1)); block != "" {
				text += " (in " + block + ")"
			}
			return text
		}
	}
	return "only spaces differ"
}

// blockOf returns the dotted path of the block in which line k stands, "" at the top level.
func blockOf(lines []string, k int) string {
	indent := func(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
	path := ""
	for left := indent(lines[k]); left > 0 && k > 0; {
		k--
		key, isBlock := strings.CutSuffix(strings.TrimSpace(lines[k]), ":")
		if n := indent(lines[k]); lines[k] != "" && n < left {
			if left = n; isBlock && !strings.HasPrefix(key, "- ") {
				if path != "" {
					key += "." + path
				}
				path = key
			}
		}
	}
	return path
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
