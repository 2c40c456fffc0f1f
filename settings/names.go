package settings

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Names are the texts of an enumeration whose values count from 0, in their order. The methods
// String, MarshalText and UnmarshalText of an enumeration are one call each.
type Names []string

// String returns the text of a value, or its number where it is none of the enumeration.
func (n Names) String(value int) string {
	if value < 0 || value >= len(n) {
		return fmt.Sprintf("(%d)", value)
	}
	return n[value]
}

// Marshal returns the text of a value, or an error where it is none of the enumeration.
func (n Names) Marshal(value int) ([]byte, error) {
	if value < 0 || value >= len(n) {
		return nil, fmt.Errorf("%d is none of %s", value, n.list())
	}
	return []byte(n[value]), nil
}

// Parse sets the value with that text. The error names all texts.
func Parse[T ~int | ~uint8](n Names, text []byte, value *T) error {
	k := slices.Index(n, string(text))
	if k < 0 {
		return fmt.Errorf("allowed are %s", n.list())
	}
	*value = T(k)
	return nil
}

// Words returns the texts of the values 0, 1, ... of a type of whole numbers that has texts; nil
// for other types.
func Words(t reflect.Type) (words []string) {
	if !t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return nil
	}
	for v := reflect.New(t).Elem(); v.CanInt() || v.CanUint(); {
		text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
		if err != nil {
			break
		}
		words = append(words, string(text))
		if v.CanInt() {
			v.SetInt(v.Int() + 1)
		} else {
			v.SetUint(v.Uint() + 1)
		}
	}
	return words
}

func (n Names) list() string { return strings.Join(n, ", ") }
