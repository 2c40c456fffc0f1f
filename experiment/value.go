package experiment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Value is one cell of a table: an integer, a floating-point number or a text. The zero value is an
// empty cell.
type Value struct {
	kind byte
	num  uint64
	text string
}

const (
	cellEmpty = iota
	cellInt
	cellFloat
	cellText
)

// Int returns an integer cell.
func Int[T ~int | ~int32 | ~int64](v T) Value { return Value{kind: cellInt, num: uint64(int64(v))} }

// Float returns a cell with full precision. NaN and infinities are written as NaN, +Inf and -Inf.
func Float(v float64) Value { return Value{kind: cellFloat, num: math.Float64bits(v)} }

// Text returns a cell with a name in it.
func Text(s string) Value { return Value{kind: cellText, text: s} }

// String returns the cell as it stands in the file, without quotes.
func (v Value) String() string {
	switch v.kind {
	case cellInt:
		return strconv.FormatInt(int64(v.num), 10)
	case cellFloat:
		return strconv.FormatFloat(math.Float64frombits(v.num), 'g', -1, 64)
	}
	return v.text
}

// Short returns the cell with at most five significant digits, for people.
func (v Value) Short() string {
	if v.kind == cellFloat {
		return strconv.FormatFloat(math.Float64frombits(v.num), 'g', 5, 64)
	}
	return v.String()
}

// MarshalJSON writes a number, a string, or null where JSON has no such number.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case cellInt:
		return strconv.AppendInt(nil, int64(v.num), 10), nil
	case cellFloat:
		f := math.Float64frombits(v.num)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return []byte("null"), nil
		}
		return json.Marshal(f)
	case cellText:
		return json.Marshal(v.text)
	}
	return []byte("null"), nil
}

// appendCSV appends the cell, quoted where RFC 4180 wants it.
func (v Value) appendCSV(b []byte) []byte {
	s := v.String()
	if !strings.ContainsAny(s, ",\"\r\n") {
		return append(b, s...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)
	return append(b, '"')
}

// UnmarshalJSON reads what MarshalJSON wrote. Whole numbers become integer cells.
func (v *Value) UnmarshalJSON(b []byte) error {
	var x any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&x); err != nil {
		return err
	}
	switch x := x.(type) {
	case nil:
		*v = Value{}
	case string:
		*v = Text(x)
	case json.Number:
		if n, err := x.Int64(); err == nil {
			*v = Int(n)
			return nil
		}
		f, err := x.Float64()
		*v = Float(f)
		return err
	default:
		return fmt.Errorf("experiment: %s is not a cell", b)
	}
	return nil
}
