// Package render draws figures as SVG and PNG with gonum, in one style: colours after Okabe & Ito
// (2008), text of 7 to 9 points on a figure 16 cm wide. Equal figures give equal bytes on one
// platform.
package render

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

	"spikealign/figure"
	"spikealign/internal/durable"
)

// Size returns width and height of the drawing in centimetres.
func Size(f *figure.Figure) (width, height float64) {
	l := newLayout(f)
	return float64(l.width / vg.Centimeter), float64(l.height / vg.Centimeter)
}

// Save draws f as name.svg and name.png in dir, which is created where missing. Both are drawn
// before either is written, and each file appears whole or not at all.
func Save(f *figure.Figure, dir, name string) error {
	if name == "" || name[0] == '.' || filepath.Base(name) != name {
		return fmt.Errorf("render: %q is not a file name", name)
	}
	var svg, png bytes.Buffer
	if err := SVG(&svg, f); err != nil {
		return err
	}
	if err := PNG(&png, f); err != nil {
		return err
	}
	if err := durable.MakeFolder(dir); err != nil {
		return err
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
			return err
		}
	}
	return nil
}

// PNG writes f as PNG at 300 dots per inch.
func PNG(w io.Writer, f *figure.Figure) error {
	l := newLayout(f)
	c := vgimg.NewWith(vgimg.UseWH(l.width, l.height), vgimg.UseDPI(pngDPI))
	l.draw(draw.New(c))
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(w); err != nil {
		return err
	}
	return nil
}

// SVG writes f as SVG. Text stays text; the font is Liberation Sans, or one of the same widths
// where it is not installed.
func SVG(w io.Writer, f *figure.Figure) error {
	l := newLayout(f)
	c := vgsvg.New(l.width, l.height)
	l.draw(draw.New(c))
	var buf bytes.Buffer
	if _, err := c.WriteTo(&buf); err != nil {
		return err
	}
	// gonum names one font and no substitute: a browser without it would take a serif font of other
	// widths.
	out := bytes.ReplaceAll(buf.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	if text := plainText(f.Title); text != "" {
		var title bytes.Buffer
		title.WriteString("<title>")
		if err := xml.EscapeText(&title, []byte(text)); err != nil {
			return err
		}
		title.WriteString("</title>\n")
		if at := bytes.Index(out, []byte("<g ")); at >= 0 {
			out = append(out[:at:at], append(title.Bytes(), out[at:]...)...)
		}
	}
	if _, err := w.Write(out); err != nil {
		return err
	}
	return nil
}
