package main

import (
	"bufio"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

var buffers = sync.Pool{New: func() any { return make([]byte, 256<<10) }}

// received holds the size and the CRC32 of a body that was read, the bytes of a small body, and the
// MD5 in hexadecimal if the sink computes it.
type received struct {
	size    int64
	crc32   uint32
	content []byte
	md5     string
}

var errBadDigest = errors.New("BadDigest")
var errIncompleteBody = errors.New("IncompleteBody")

// receive reads a body to its end, computes the CRC32 and compares it with the client's CRC32.
func (s *sink) receive(r *http.Request) (received, error) {
	reader, trailers := s.decoded(r)
	buffer := buffers.Get().([]byte)
	defer buffers.Put(buffer)
	var got received
	whole := md5.New()
	for {
		n, err := reader.Read(buffer)
		got.size += int64(n)
		if s.md5 {
			whole.Write(buffer[:n])
		}
		got.crc32 = crc32.Update(got.crc32, crc32.IEEETable, buffer[:n])
		if got.size <= keptBytes || s.keep {
			got.content = append(got.content, buffer[:n]...)
		} else {
			got.content = nil
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return got, errIncompleteBody
		}
	}
	// The end of the request is read too, because otherwise the connection cannot be reused.
	io.Copy(io.Discard, r.Body)
	s.bodyBytes.Add(got.size)
	if s.md5 {
		got.md5 = hex.EncodeToString(whole.Sum(nil))
	}
	if got.size == 0 {
		got.content = []byte{}
	}
	if told := r.Header.Get("X-Amz-Decoded-Content-Length"); told != "" && told != strconv.FormatInt(got.size, 10) {
		return got, errIncompleteBody
	}
	return got, s.compare(r.Header, trailers, got.crc32)
}

func (s *sink) decoded(r *http.Request) (io.Reader, map[string]string) {
	trailers := map[string]string{}
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING") {
		return r.Body, trailers
	}
	return &chunkedReader{source: bufio.NewReaderSize(r.Body, 256<<10), trailers: trailers}, trailers
}

// compare counts the kind of checksum that the client sent. If it is a CRC32, compare checks it.
func (s *sink) compare(headers http.Header, trailers map[string]string, sum uint32) error {
	told := headers.Get("X-Amz-Checksum-Crc32")
	if told == "" {
		told = trailers["x-amz-checksum-crc32"]
	}
	switch {
	case told != "":
		s.withCRC32.Add(1)
		if told != encodeCRC32(sum) {
			return errBadDigest
		}
	case headers.Get("Content-Md5") != "":
		s.withMD5.Add(1)
	case len(trailers) > 0 || isDigest(headers.Get("X-Amz-Content-Sha256")):
		s.withOther.Add(1)
	default:
		s.withNothing.Add(1)
	}
	return nil
}

func isDigest(text string) bool { return len(text) == 64 }

// chunkedReader decodes aws-chunked. A body consists of frames, an empty frame and trailers. Each
// frame is `size-in-hex[;signature] CRLF bytes CRLF`.
type chunkedReader struct {
	source   *bufio.Reader
	left     int64
	begun    bool
	done     bool
	trailers map[string]string
}

func (c *chunkedReader) Read(p []byte) (int, error) {
	if c.done {
		return 0, io.EOF
	}
	if c.left == 0 {
		if err := c.nextFrame(); err != nil {
			return 0, err
		}
	}
	n, err := c.source.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (c *chunkedReader) nextFrame() error {
	if c.begun {
		if _, err := c.source.ReadString('\n'); err != nil {
			return io.ErrUnexpectedEOF
		}
	}
	c.begun = true
	line, err := c.source.ReadString('\n')
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
	if c.left, err = strconv.ParseInt(size, 16, 64); err != nil {
		return err
	}
	if c.left > 0 {
		return nil
	}
	for {
		line, err := c.source.ReadString('\n')
		name, value, found := strings.Cut(strings.TrimSpace(line), ":")
		if found {
			c.trailers[strings.ToLower(name)] = strings.TrimSpace(value)
		} else if err != nil || name == "" {
			c.done = true
			return io.EOF
		}
	}
}
