package durable

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
)

// The container of a checkpoint, little-endian:
//
//	 0  8      magic: not text; both kinds of line end, so that a transfer in text mode shows
//	 8  4      version of this layout
//	12  2      length of kind
//	14  2      length of program
//	16  8      length of payload
//	24         kind, program, payload
//	end-4      CRC-32C of everything before
//
// The sum is CRC-32C rather than a cryptographic one: it guards against accidents, not against
// forgery; it is the sum that Appender carries along; and processors compute it at memory speed, so
// that a checkpoint of hundreds of megabytes costs no more for it. Every error in up to 32
// successive bits is found, any other with probability 1 - 2^-32; lost and added bytes are found by
// the length.
const (
	checkpointMagic   = "\x89SPKAL\r\n"
	checkpointVersion = 1
	checkpointHeader  = 24
	checkpointTrailer = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header says what a checkpoint belongs to. Its fields are at most 65535 bytes long.
type Header struct {
	Kind    string // the kind of experiment, and so the form of the payload
	Program string // version of the program that wrote it
}

// SaveCheckpoint writes a checkpoint in the way of WriteFile. Its payload is that of all parts
// together, which are not copied. It panics if a field of the header is too long.
func SaveCheckpoint(path string, h Header, payload ...[]byte) error {
	if len(h.Kind) > math.MaxUint16 || len(h.Program) > math.MaxUint16 {
		panic(fmt.Sprintf("durable: header with fields of %d and %d bytes", len(h.Kind), len(h.Program)))
	}
	le := binary.LittleEndian
	b := []byte(checkpointMagic)
	b = le.AppendUint32(b, checkpointVersion)
	b = le.AppendUint16(b, uint16(len(h.Kind)))
	b = le.AppendUint16(b, uint16(len(h.Program)))
	length := 0
	for _, p := range payload {
		length += len(p)
	}
	b = le.AppendUint64(b, uint64(length))
	b = append(append(b, h.Kind...), h.Program...)
	sum := crc32.Checksum(b, castagnoli)
	for _, p := range payload {
		sum = crc32.Update(sum, castagnoli, p)
	}
	return WriteFile(path, 0o666, func(w io.Writer) error {
		for _, part := range slices.Concat([][]byte{b}, payload, [][]byte{le.AppendUint32(nil, sum)}) {
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
		return nil
	})
}

// LoadCheckpoint reads a checkpoint. Anything but the exact bytes that were written is a
// *CorruptError, a file that cannot be read a *FileError. It never asks for more memory than the
// file is long.
func LoadCheckpoint(path string) (Header, []byte, error) {
	f, err := Open(path)
	if err != nil {
		return Header{}, nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return Header{}, nil, &FileError{"read", path, err}
	}
	return readCheckpoint(path, f, info.Size())
}

func readCheckpoint(path string, r io.Reader, size int64) (Header, []byte, error) {
	corrupt := func(at int64, format string, args ...any) (Header, []byte, error) {
		return Header{}, nil, &CorruptError{path, at, fmt.Sprintf(format, args...)}
	}
	if size < checkpointHeader+checkpointTrailer {
		return corrupt(size, "the file ends within the header of a checkpoint")
	}
	head := make([]byte, checkpointHeader)
	if _, err := io.ReadFull(r, head); err != nil {
		return Header{}, nil, &FileError{"read", path, err}
	}
	le := binary.LittleEndian
	if string(head[:8]) != checkpointMagic {
		return corrupt(0, "this is not a checkpoint")
	}
	if v := le.Uint32(head[8:]); v != checkpointVersion {
		return corrupt(8, "layout version %d, but this program reads version %d: resume with the program that wrote it", v, checkpointVersion)
	}
	kind, program, length := int64(le.Uint16(head[12:])), int64(le.Uint16(head[14:])), le.Uint64(head[16:])
	rest := size - checkpointHeader - checkpointTrailer - kind - program
	switch {
	case rest < 0 || length > uint64(rest):
		return corrupt(size, "the file ends early: %d bytes of state are announced", length)
	case length < uint64(rest):
		return corrupt(size-rest+int64(length), "%d bytes too many", uint64(rest)-length)
	}
	names := make([]byte, kind+program)
	payload := make([]byte, length)
	trailer := make([]byte, checkpointTrailer)
	sum := crc32.Checksum(head, castagnoli)
	for _, part := range [][]byte{names, payload} {
		if _, err := io.ReadFull(r, part); err != nil {
			return Header{}, nil, &FileError{"read", path, err}
		}
		sum = crc32.Update(sum, castagnoli, part)
	}
	if _, err := io.ReadFull(r, trailer); err != nil {
		return Header{}, nil, &FileError{"read", path, err}
	}
	if want := le.Uint32(trailer); want != sum {
		return corrupt(size-checkpointTrailer, "the checksum is %08x, not %08x", sum, want)
	}
	return Header{Kind: string(names[:kind]), Program: string(names[kind:])}, payload, nil
}
