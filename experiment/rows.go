package experiment

import (
	"bytes"
	"fmt"
	"io"
)

// maxRow bounds a row of a table: more is no table.
const maxRow = 1 << 20

// RowReader reads the rows of a table that may be growing, in bounded memory. Rows end with a line,
// but for the lines of a quoted text; what follows the last end is still being written and is left
// out. Empty lines are no rows.
type RowReader struct {
	from   io.Reader
	buf    []byte // what was read and not yet given out
	spare  []byte // behind buf
	offset int64
	cells  [][]byte
	err    error
}

// NewRowReader returns a reader of the rows in r, the first of which begins at that offset of the
// file.
func NewRowReader(r io.Reader, offset int64) *RowReader {
	return &RowReader{from: r, offset: offset, spare: make([]byte, 1<<16)}
}

// Offset is where the next row begins in the file.
func (r *RowReader) Offset() int64 { return r.offset }

// Next returns the cells of the next row, without quotes; they are valid until the next call. The
// error is io.EOF behind the last whole row.
func (r *RowReader) Next() ([][]byte, error) {
	for {
		row, quoted, ok := r.whole()
		for !ok {
			if r.err == nil && len(r.buf) > maxRow {
				r.err = fmt.Errorf("a row of the table is longer than %d bytes", maxRow)
			}
			if r.err != nil {
				return nil, r.err
			}
			r.fill()
			row, quoted, ok = r.whole()
		}
		r.buf = r.buf[len(row):]
		r.offset += int64(len(row))
		row = bytes.TrimSuffix(row[:len(row)-1], []byte("\r"))
		if len(row) > 0 {
			r.split(row, quoted)
			return r.cells, nil
		}
	}
}

// whole returns the first row with its end, if all of it is there.
func (r *RowReader) whole() (row []byte, quoted, ok bool) {
	end := bytes.IndexByte(r.buf, '\n') + 1
	if end == 0 {
		return nil, false, false
	}
	if bytes.IndexByte(r.buf[:end], '"') < 0 {
		return r.buf[:end], false, true
	}
	inside := false
	for k, c := range r.buf {
		switch {
		case c == '"':
			inside = !inside
		case c == '\n' && !inside:
			return r.buf[:k+1], true, true
		}
	}
	return nil, false, false
}

// fill reads on.
func (r *RowReader) fill() {
	if len(r.buf) == len(r.spare) {
		r.spare = make([]byte, 2*len(r.spare))
	}
	n := copy(r.spare, r.buf)
	var got int
	got, r.err = r.from.Read(r.spare[n:])
	r.buf = r.spare[:n+got]
	if got > 0 && r.err == io.EOF {
		r.err = nil // told again when all is given out
	}
}

// split cuts a row into cells.
func (r *RowReader) split(row []byte, quoted bool) {
	r.cells = r.cells[:0]
	for {
		var cell []byte
		if quoted && len(row) > 0 && row[0] == '"' {
			cell, row = unquote(row[1:])
			if k := bytes.IndexByte(row, ','); k > 0 {
				row = row[k:] // what follows a closing quote is no part of any cell
			} else if k < 0 {
				row = nil
			}
		} else if k := bytes.IndexByte(row, ','); k >= 0 {
			cell, row = row[:k], row[k:]
		} else {
			cell, row = row, nil
		}
		r.cells = append(r.cells, cell)
		if len(row) == 0 {
			return
		}
		row = row[1:]
	}
}

// unquote returns the text up to the closing quote, in place, and what follows that.
func unquote(row []byte) (cell, rest []byte) {
	n := 0
	for k := 0; k < len(row); k++ {
		if row[k] == '"' {
			if k+1 == len(row) || row[k+1] != '"' {
				return row[:n], row[k+1:]
			}
			k++
		}
		row[n] = row[k]
		n++
	}
	return row[:n], nil
}
