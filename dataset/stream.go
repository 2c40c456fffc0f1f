package dataset

import (
	"bufio"
	"compress/gzip"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"strings"

	"spikealign/internal/durable"
)

// stream is the content of a file that is being read. It knows its place and adds up the checksum.
type stream struct {
	path string
	at   int64 // bytes read
	r    *bufio.Reader
}

// summed adds what is read to a checksum.
type summed struct {
	r io.Reader
	h hash.Hash
}

func (s *summed) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	s.h.Write(b[:n])
	return n, err
}

func newStream(path string, r io.Reader) *stream {
	return &stream{path: path, r: bufio.NewReaderSize(r, 1<<18)}
}

// Read implements io.Reader.
func (s *stream) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	s.at += int64(n)
	return n, err
}

// ReadByte implements io.ByteReader: a decompressor then takes no byte more than it needs.
func (s *stream) ReadByte() (byte, error) {
	b, err := s.r.ReadByte()
	if err == nil {
		s.at++
	}
	return b, err
}

// full reads all of b.
func (s *stream) full(b []byte) error {
	if n, err := io.ReadFull(s, b); err != nil {
		return s.fault(err, len(b)-n)
	}
	return nil
}

// skip reads n bytes over.
func (s *stream) skip(n int64) error {
	if m, err := io.CopyN(io.Discard, s, n); err != nil {
		return s.fault(err, int(n-m))
	}
	return nil
}

// end says whether nothing follows.
func (s *stream) end() error {
	switch _, err := s.ReadByte(); err {
	case io.EOF:
		return nil
	case nil:
		return s.corrupt("it goes on where it should end")
	default:
		return s.fault(err, 0)
	}
}

func (s *stream) corrupt(format string, args ...any) error {
	return &durable.CorruptError{Path: s.path, Offset: s.at, Reason: fmt.Sprintf(format, args...)}
}

// fault tells what err, of a read that was short of some bytes, means: a refusal of the operating
// system, or a damaged file.
func (s *stream) fault(err error, short int) error {
	var system *fs.PathError
	var inner *durable.CorruptError
	switch {
	case errors.As(err, &system):
		return &durable.FileError{Op: "read", Path: s.path, Err: err}
	case errors.As(err, &inner):
		return err
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return s.corrupt("it ends here, where at least %d bytes more should follow", max(short, 1))
	}
	return s.corrupt("%v", err)
}

// read reads one file of the set into its place, and checks its sum.
func (s *source) read(p part, path string, set *Set) error {
	f, err := os.Open(path)
	if err != nil {
		return &durable.FileError{Op: "read", Path: path, Err: err}
	}
	defer f.Close()
	return s.readFrom(p, path, f, set)
}

func (s *source) readFrom(p part, path string, r io.Reader, set *Set) error {
	if p.unpack && strings.HasSuffix(path, ".gz") {
		raw := newStream(path, r)
		z, err := gzip.NewReader(raw)
		if err != nil {
			return raw.fault(err, 1)
		}
		r = z
	}
	h := sha256.New()
	if len(p.sum) == 2*md5.Size {
		h = md5.New()
	}
	in := newStream(path, &summed{r, h})
	if err := p.read(s, in, set); err != nil {
		return err
	}
	if err := in.end(); err != nil {
		return err
	}
	if sum := hex.EncodeToString(h.Sum(nil)); p.sum != "" && sum != p.sum {
		if other := ownerOf(sum); other != "" && other != s.name {
			return in.corrupt(belongs+"%s, not to %s", other, s.name)
		}
		kind := "SHA-256"
		if len(p.sum) == 2*md5.Size {
			kind = "MD5"
		}
		return in.corrupt("its form is right but its %s is %.12s..., where that of the published file is %.12s...", kind, sum, p.sum)
	}
	return nil
}

// belongs begins the reason where a file is of another set.
const belongs = "it belongs to "

// ownerOf is the set that publishes a file with that sum, "" if there is none.
func ownerOf(sum string) string {
	for _, s := range known {
		for _, form := range s.forms {
			for _, p := range form {
				if p.sum == sum {
					return s.name
				}
			}
		}
	}
	return ""
}
