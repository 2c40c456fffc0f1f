package experiment

import (
	"bufio"
	"io"
	"os"

	"spikealign/internal/durable"
)

// mark is a place in a growing file.
type mark = durable.Mark

// growing is a file that grows, buffered.
type growing struct {
	path string
	a    *durable.Appender
	w    *bufio.Writer
}

// create starts a file anew.
func create(path string) (*growing, error) { return growFrom(path, mark{}) }

// reopen goes back to a mark; whatever follows it is cut off.
func reopen(path string, at mark) (*growing, error) { return growFrom(path, at) }

func growFrom(path string, at mark) (*growing, error) {
	a, err := durable.ResumeAppend(path, at)
	if err != nil {
		return nil, err
	}
	return &growing{path, a, bufio.NewWriterSize(a, 1<<16)}, nil
}

func (g *growing) write(b []byte) error {
	_, err := g.w.Write(b)
	return err
}

// flush gives what was written to the operating system: it survives the end of this process.
func (g *growing) flush() error { return g.w.Flush() }

// sync gives it to the disk: it survives a loss of power.
func (g *growing) sync() error {
	if err := g.flush(); err != nil {
		return err
	}
	return g.a.Sync()
}

// mark is the place of the last sync.
func (g *growing) mark() mark { return g.a.Mark() }

// close gives up what was not synced.
func (g *growing) close() { g.a.Close() }

// reader reads what was synced.
func (g *growing) reader() (io.ReadCloser, error) {
	f, err := os.Open(g.path)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(f, g.mark().Len), f}, nil
}

func writeFile(path string, b []byte) error {
	return durable.WriteFile(path, 0o666, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}
