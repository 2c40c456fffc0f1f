package figure

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"path/filepath"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"spikealign/internal/durable"
)

// InputError says which field of a figure's input cannot be drawn, and why.
type InputError struct {
	Figure  string // the type of the input, such as "Training"
	Field   string // the field, such as "DKL"
	Problem string
}

func (e *InputError) Error() string {
	return fmt.Sprintf("figure: %s.%s: %s", e.Figure, e.Field, e.Problem)
}

// Size returns width and height in centimetres.
func (f *Figure) Size() (width, height float64) {
	l := f.layout()
	return float64(l.width / vg.Centimeter), float64(l.height / vg.Centimeter)
}

// Save writes name.svg and name.png into dir, which is created where missing. Both are drawn before
// either is written, and each file appears whole or not at all.
func (f *Figure) Save(dir, name string) error {
	if name == "" || name[0] == '.' || filepath.Base(name) != name {
		return fmt.Errorf("figure: %q is not a file name", name)
	}
	var svg, png bytes.Buffer
	if err := f.WriteSVG(&svg); err != nil {
		return err
	}
	if err := f.WritePNG(&png); err != nil {
		return err
	}
	if err := durable.MakeFolder(dir); err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	for _, file := range []struct {
		suffix string
		data   []byte
	}{{".svg", svg.Bytes()}, {".png", png.Bytes()}} {
		path := filepath.Join(dir, name+file.suffix)
		err := durable.WriteFile(path, 0o644, func(w io.Writer) error {
			_, err := w.Write(file.data)
			return err
		})
		if err != nil {
			return fmt.Errorf("figure: %w", err)
		}
	}
	return nil
}

// WritePNG writes the figure as PNG at 300 dots per inch.
func (f *Figure) WritePNG(w io.Writer) error {
	l := f.layout()
	c := vgimg.NewWith(vgimg.UseWH(l.width, l.height), vgimg.UseDPI(pngDPI))
	l.draw(draw.New(c))
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(w); err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	return nil
}

// WriteSVG writes the figure as SVG. Text stays text; the font is Liberation Sans, or one of the
// same widths where it is not installed.
func (f *Figure) WriteSVG(w io.Writer) error {
	l := f.layout()
	c := vgsvg.New(l.width, l.height)
	l.draw(draw.New(c))
	var buf bytes.Buffer
	if _, err := c.WriteTo(&buf); err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	// gonum names one font and no substitute: a browser without it would take a serif font of other
	// widths.
	out := bytes.ReplaceAll(buf.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	if text := plainText(f.Title); text != "" {
		var title bytes.Buffer
		title.WriteString("<title>")
		if err := xml.EscapeText(&title, []byte(text)); err != nil {
			return fmt.Errorf("figure: %w", err)
		}
		title.WriteString("</title>\n")
		if at := bytes.Index(out, []byte("<g ")); at >= 0 {
			out = append(out[:at:at], append(title.Bytes(), out[at:]...)...)
		}
	}
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	return nil
}
