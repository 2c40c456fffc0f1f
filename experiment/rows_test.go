package experiment

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestRowReader: rows come whole or not at all, whatever the pieces in which they are read; quotes
// are taken off, and the offset is where a reader that begins there goes on.
func TestRowReader(t *testing.T) {
	const text = "epoch,note\r\n1,\"a \"\"b\"\", c\nd\"\n\n2,\n3,torn"
	want := []string{"epoch|note", "1|a \"b\", c\nd", "2|"}
	for name, reader := range map[string]io.Reader{
		"at once":     strings.NewReader(text),
		"byte wise":   iotest.OneByteReader(strings.NewReader(text)),
		"end with it": iotest.DataErrReader(strings.NewReader(text)),
	} {
		r := NewRowReader(reader, 0)
		var got []string
		var offsets []int64
		for {
			cells, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(name, err)
			}
			var row []string
			for _, c := range cells {
				row = append(row, string(c))
			}
			got, offsets = append(got, strings.Join(row, "|")), append(offsets, r.Offset())
		}
		if strings.Join(got, ";") != strings.Join(want, ";") {
			t.Errorf("%s: %q", name, got)
		}
		again := NewRowReader(strings.NewReader(text[offsets[1]:]), offsets[1])
		if cells, err := again.Next(); err != nil || string(cells[0]) != "2" {
			t.Errorf("%s: from offset %d: %q, %v", name, offsets[1], cells, err)
		}
	}
	long := NewRowReader(strings.NewReader(strings.Repeat("1,", maxRow)), 0)
	if _, err := long.Next(); err == nil || err == io.EOF {
		t.Error("a row without end:", err)
	}
}
