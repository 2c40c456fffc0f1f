package recording

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	blockBytes = 1 << 18 // read at a time
	maxLine    = 1 << 16
)

// file reads one file of any format.
func (r *reader) file(name string) error {
	if name == "-" {
		if r.o.Format == NPZ {
			return optionError("a numpy archive cannot be read from standard input")
		}
		return r.stream("standard input", os.Stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("cannot read the spikes: %w", err)
	}
	defer f.Close() // nothing was written
	start := make([]byte, 6)
	n, err := io.ReadFull(f, start)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return fmt.Errorf("cannot read the spikes: %w", err)
	}
	isNPZ := bytes.HasPrefix(start[:n], []byte("PK\x03\x04")) || bytes.HasPrefix(start[:n], []byte("PK\x05\x06")) || string(start[:n]) == "\x93NUMPY"
	switch {
	case r.o.Format == NPZ || r.auto() && isNPZ:
		return r.npz(name)
	case isNPZ:
		return optionError(fmt.Sprintf("%s is a numpy archive, not of format %s", name, r.o.Format))
	}
	return r.stream(name, io.MultiReader(bytes.NewReader(start[:n]), f))
}

func (r *reader) auto() bool { return r.o.Format == "" || r.o.Format == Auto }

// counted tells progress of the bytes that pass.
type counted struct {
	in io.Reader
	r  *reader
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	if stop := c.r.progress(int64(n)); stop != nil {
		return n, stop
	}
	return n, err
}

// stream reads text, compressed or not.
func (r *reader) stream(name string, in io.Reader) error {
	b := bufio.NewReaderSize(counted{in, r}, blockBytes)
	if start, _ := b.Peek(2); string(start) == "\x1f\x8b" {
		z, err := gzip.NewReader(b)
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", name, err)
		}
		b = bufio.NewReaderSize(z, blockBytes)
	}
	if start, _ := b.Peek(3); string(start) == "\ufeff" { // byte order mark of Windows
		b.Discard(3)
	}
	err := (&text{reader: r, name: name}).read(b)
	switch {
	case errors.Is(err, errTold):
		return r.fail()
	case err != nil && r.ctx.Err() == nil:
		return fmt.Errorf("cannot read %s: %w", name, err)
	}
	return err
}

// errTold ends a file whose problems are noted.
var errTold = errors.New("told")

// text parses lines of a time and a neuron.
type text struct {
	*reader
	name   string
	number int64 // of the present line, while the file has not begun

	begun     bool
	nest      bool // NEST's mark was seen
	delimiter byte // ' ' stands for any number of blanks
	columns   int
	time, id  int
	offset    int // column that must be zero; -1: none
	scale     int
}

// read takes lines from in. A line costs one search for its end, one pass over its fields and one
// over each number, about 40 ns for 15 bytes.
func (p *text) read(in io.Reader) error {
	buf := make([]byte, 0, blockBytes+maxLine)
	for eof := false; !eof; {
		n, err := io.ReadAtLeast(in, buf[len(buf):cap(buf)], 1)
		buf = buf[:len(buf)+n]
		switch {
		case err == io.EOF:
			eof = true
		case err != nil:
			return err
		}
		rest := buf
		for {
			k := bytes.IndexByte(rest, '\n')
			if k < 0 {
				break
			}
			if err := p.line(rest[:k]); err != nil {
				return err
			}
			rest = rest[k+1:]
		}
		if eof && len(rest) > 0 {
			return p.line(rest)
		}
		if len(rest) > maxLine {
			return fmt.Errorf("line %d is longer than %d bytes: this is not a table of spikes", p.number+1, maxLine)
		}
		buf = append(buf[:0], rest...)
	}
	return nil
}

// line takes one line without its end.
func (p *text) line(b []byte) error {
	p.number++
	if p.begun {
		p.reader.line = p.number
		if p.names == nil {
			if id, time, ok := p.plain(b); ok {
				return p.spike(time, id)
			}
		}
	}
	b = bytes.TrimSpace(b)
	if len(b) == 0 || b[0] == '#' || b[0] == '%' {
		p.nest = p.nest || bytes.Contains(b, []byte("NEST"))
		return nil
	}
	if !p.begun {
		isHeader, err := p.start(b)
		if err != nil || isHeader {
			return err
		}
		p.reader.line = p.number
	}
	var time, id, offset []byte
	columns := 0
	for f := range p.fields(b) {
		switch columns {
		case p.time:
			time = f
		case p.id:
			id = f
		case p.offset:
			offset = f
		}
		columns++
	}
	if columns != p.columns {
		return p.bad("%d columns, not %d", columns, p.columns)
	}
	t, v := decimal(time, p.scale)
	if v == notANumber {
		// Files that were put together have headers between.
		if again := (&text{reader: p.reader, name: p.name, delimiter: p.delimiter}); again.header(b) == nil {
			if unit, _ := again.unitOf(b); again.time != p.time || again.id != p.id || unit != "" && unit != p.reader.unit {
				return p.bad("mixed units or columns: this header is not that of the lines before")
			}
			return nil
		}
	}
	if !p.judge(v, quoted(time)) {
		return p.full()
	}
	n, v := decimal(id, 0)
	switch {
	case v == notANumber && isName(id):
		problem := ""
		if n, problem = p.named(id); problem != "" {
			return p.bad("%s", problem)
		}
	case v != good || n < 0:
		// -1 often marks what belongs to no neuron.
		if (v == rounded || v == good && n < -1) && t%int64(powersOfTen[p.scale]) == 0 {
			p.fractions++
		}
		if len(id) > 0 && !numeric(id) {
			return p.bad("neuron %s is neither a whole number from 0 on nor a name that begins with a letter", quoted(id))
		}
		return p.bad("neuron %s is not a whole number from 0 on", quoted(id))
	case p.names != nil:
		return p.bad("neuron %s is a number, but those before have names: let all be numbers, or all names", quoted(id))
	}
	if len(offset) > 0 {
		if z, v := decimal(offset, 18); z != 0 || v != good {
			return p.bad("time offset %s: spikes between steps are not supported, record times in ms", quoted(offset))
		}
	}
	return p.spike(t, n)
}

// plain parses the plainest and by far most frequent line: two columns, digits with at most one
// point in the time. ok is false for all others.
func (p *text) plain(b []byte) (id, time int64, ok bool) {
	if p.columns != 2 {
		return 0, 0, false
	}
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	var whole [2]uint64
	var decimals [2]int
	i := 0
	for c := range 2 {
		start, point, m := i, -1, uint64(0)
		for ; i < len(b); i++ {
			if d := b[i] - '0'; d <= 9 {
				m = 10*m + uint64(d)
			} else if b[i] == '.' && point < 0 {
				point = i
			} else {
				break
			}
		}
		digits := i - start
		if point >= 0 {
			decimals[c] = i - point - 1
			digits--
		}
		if digits == 0 || digits > maxDigits-1 {
			return 0, 0, false
		}
		whole[c] = m
		if c == 0 {
			if i == len(b) || b[i] != p.delimiter {
				return 0, 0, false
			}
			i++
		}
	}
	if i != len(b) || decimals[p.id] != 0 {
		return 0, 0, false
	}
	t := whole[p.time]
	if shift := p.scale - decimals[p.time]; shift >= 0 {
		if t > timeLimits[shift] {
			return 0, 0, false
		}
		t *= powersOfTen[shift]
	} else {
		power := powersOfTen[-shift]
		rest := t % power
		if rest != 0 && p.unit == Steps {
			return 0, 0, false
		}
		t /= power
		if rest >= power-rest {
			t++
		}
	}
	return int64(whole[p.id]), int64(t), true
}

// bad notes a problem of the present line.
func (p *text) bad(format string, args ...any) error {
	p.problem(format, args...)
	return p.full()
}

// full ends the file when there are problems enough.
func (p *text) full() error {
	if len(p.problems) >= maxProblems {
		return errTold
	}
	return nil
}

// quoted is a field for a message, not longer than 40 bytes.
func quoted(b []byte) string {
	if len(b) > 40 {
		return fmt.Sprintf("%q...", b[:40])
	}
	return fmt.Sprintf("%q", b)
}

// fields yields the fields of a line, without blanks and quotes around them.
func (p *text) fields(b []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for more := true; more; {
			k := -1
			if p.delimiter == ' ' {
				k = bytes.IndexAny(b, " \t")
			} else {
				k = bytes.IndexByte(b, p.delimiter)
			}
			f := b
			if more = k >= 0; more {
				f, b = b[:k], b[k+1:]
				if p.delimiter == ' ' {
					b = bytes.TrimLeft(b, " \t")
				}
			}
			f = bytes.TrimSpace(f)
			if n := len(f); n >= 2 && f[0] == '"' && f[n-1] == '"' {
				f = f[1 : n-1]
			}
			if !yield(f) {
				return
			}
		}
	}
}

var (
	timeNames   = strings.Fields("time times t timestamp timestamps spike_time spike_times")
	neuronNames = strings.Fields("neuron neurons neuron_id neuron_ids neuron_index sender senders id ids i index unit units unit_id cell cell_id channel gid node_id node_ids address label")
)

// errNoHeader says that a line names no columns.
var errNoHeader = errors.New("not a header")

// header finds the columns in a line of names.
func (p *text) header(b []byte) error {
	p.time, p.id, p.offset, p.columns = -1, -1, -1, 0
	for f := range p.fields(b) {
		name, _ := splitUnit(string(f))
		switch {
		case name == "time_offset":
			p.offset = p.columns
		case p.time < 0 && slices.Contains(timeNames, name):
			p.time = p.columns
		case p.id < 0 && slices.Contains(neuronNames, name):
			p.id = p.columns
		}
		p.columns++
	}
	if p.time < 0 || p.id < 0 {
		return errNoHeader
	}
	return nil
}

// unitOf returns the unit that a header tells, if it does.
func (p *text) unitOf(b []byte) (unit Unit, name string) {
	k := 0
	for f := range p.fields(b) {
		if k == p.time {
			_, unit = splitUnit(string(f))
			return unit, string(f)
		}
		k++
	}
	return "", ""
}

// splitUnit splits a column's name: "Time_ms", "time (ms)", "t [ms]", "time ms".
func splitUnit(column string) (name string, unit Unit) {
	column = strings.ToLower(strings.TrimSpace(column))
	if n := len(column); n > 0 && (column[n-1] == ')' || column[n-1] == ']') {
		if k := strings.LastIndexAny(column, "(["); k > 0 {
			if u, ok := unitNames[strings.TrimSpace(column[k+1:n-1])]; ok {
				return strings.TrimRight(column[:k], " _"), u
			}
		}
	}
	if k := strings.LastIndexAny(column, "_ "); k > 0 {
		if u, ok := unitNames[column[k+1:]]; ok {
			return strings.TrimRight(column[:k], " _"), u
		}
	}
	return column, ""
}

// start learns the columns and the unit from the first line that is no comment.
func (p *text) start(b []byte) (isHeader bool, err error) {
	p.delimiter = ' '
	for _, d := range []byte{',', ';', '\t'} {
		if bytes.IndexByte(b, d) >= 0 {
			p.delimiter = d
			break
		}
	}
	format, unit := CSV, Unit("")
	isHeader = p.header(b) == nil
	gdf := strings.EqualFold(filepath.Ext(strings.TrimSuffix(p.name, ".gz")), ".gdf")
	if p.o.Format == NEST || p.auto() && (p.nest || gdf || isHeader && bytes.HasPrefix(bytes.ToLower(b), []byte("sender"))) {
		format = NEST
	}
	if isHeader {
		unit, _ = p.unitOf(b)
	} else {
		fields := slices.Collect(p.fields(b))
		p.columns = len(fields)
		p.offset = -1
		p.time, p.id = 0, 1
		if format == NEST {
			p.time, p.id = 1, 0
		}
		first := fields[min(p.time, p.columns-1)]
		switch {
		case p.columns == 2 && isName(first) && numeric(fields[p.id]):
			return false, optionError(fmt.Sprintf("line %d, %s: time %s is a name; the columns seem to be exchanged: if so, %s", p.number, quoted(b), quoted(first), p.other(cmp.Or(p.o.Unit, Milliseconds))))
		case len(first) > 0 && !numeric(first):
			return false, fmt.Errorf("line %d, %s, is neither a spike nor a header with a column for the time (%s, ...) and one for the neuron (%s, ...)",
				p.number, quoted(b), strings.Join(timeNames[:3], ", "), strings.Join([]string{"neuron", "sender", "id"}, ", "))
		case p.columns != 2:
			return false, fmt.Errorf("line %d, %s, has %d columns: without a header there must be two, time and neuron", p.number, quoted(b), p.columns)
		}
	}
	if format == NEST && unit == "" {
		unit = Milliseconds
		// Whoever names the format means the order of the columns; only NEST itself always
		// means ms.
		if p.o.Format == NEST && !isHeader && !p.nest {
			unit = cmp.Or(p.o.Unit, unit)
		}
	}
	switch {
	case p.o.Unit == "" && unit == "":
		return false, optionError("the unit of the times is not known: name it (--unit s, ms, us, ns or steps), or begin the file with a header such as time_ms,neuron")
	case unit == "":
		unit = p.o.Unit
	case p.o.Unit != "" && p.o.Unit != unit:
		return false, optionError(fmt.Sprintf("mixed units: the file says %s, and %s was asked for", unit, p.o.Unit))
	}
	p.scale = unit.digits()
	fine := float64(powersOfTen[p.scale])
	if err := p.begin(p.name, format, unit, fine, 0); err != nil {
		return false, err
	}
	p.begun = true
	p.reader.line = p.number
	if !isHeader {
		p.remedy = p.other(unit)
	}
	return isHeader, nil
}

// other says how the two columns of a file without header would be read the other way round.
func (p *text) other(unit Unit) string {
	names, format := [2]string{"neuron", "time_" + string(unit)}, "nest (neuron, then time)"
	if p.time == 1 {
		names[0], names[1] = names[1], names[0]
		format = "csv (time, then neuron)"
	}
	delimiter := string(p.delimiter)
	if p.delimiter == '\t' {
		delimiter = " " // does as well, and shows
	}
	return fmt.Sprintf("begin the file with the header %s%s%s, or read it with --format %s and --unit %s", names[0], delimiter, names[1], format, unit)
}

// numeric tells fields that are meant to be numbers: they begin like one, or are NaN or infinite.
func numeric(f []byte) bool {
	s := strings.ToLower(strings.TrimLeft(string(f), "+-"))
	return s != "" && (s[0] >= '0' && s[0] <= '9' || s[0] == '.' || s == "nan" || strings.HasPrefix(s, "inf"))
}
