package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Below this size, copying the bytes costs less than opening the file for sendfile.
const copiedBytes = 64 << 10

// The server sends a file in steps of at most this size, and counts the bytes after each step.
const stepBytes = 1 << 20

func (s *server) serveClient(w http.ResponseWriter, r *http.Request) {
	name, isFile := strings.CutPrefix(r.URL.Path, "/files/")
	number, known := s.library.number(name)
	switch {
	case strings.HasPrefix(r.URL.Path, "/media/"):
		s.serveAPI(w, r)
	case isFile && name == "":
		s.list(w)
	case isFile && known:
		s.serveFile(w, r, number)
	default:
		http.NotFound(w, r)
	}
}

// list writes a web page with the names of all files, for rclone's HTTP remote.
func (s *server) list(w http.ResponseWriter) {
	s.listings.Add(1)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	page := bufio.NewWriter(w)
	defer page.Flush()
	page.WriteString("<html><body><pre>\n")
	for number := range s.library.count() {
		name := s.library.fileName(number)
		fmt.Fprintf(page, "<a href=\"%s\">%s</a>\n", name, name)
	}
	page.WriteString("</pre></body></html>\n")
}

func (s *server) serveFile(w http.ResponseWriter, r *http.Request, number int) {
	if s.liar.tells("html", number) {
		writePortalPage(w)
		return
	}
	size := s.library.size
	h := w.Header()
	h.Set("Content-Type", contentType(s.library.extension))
	h.Set("Accept-Ranges", "bytes")
	h.Set("ETag", strconv.Quote(s.etags[number]))
	h.Set("Last-Modified", s.library.created(number).Format(http.TimeFormat))
	if r.Method == http.MethodGet && s.liar.tells("short", number) {
		size -= size / 4
	}
	start, end, status := int64(0), size, http.StatusOK
	if text := r.Header.Get("Range"); text != "" && (r.Header.Get("If-Range") == "" || r.Header.Get("If-Range") == h.Get("ETag")) {
		var ok bool
		if start, end, ok = parseRange(text, size); !ok {
			h.Set("Content-Range", fmt.Sprintf("bytes */%d", size))
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, end-1, size))
		status = http.StatusPartialContent
	}
	h.Set("Content-Length", strconv.FormatInt(end-start, 10))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		s.heads.Add(1)
		return
	}
	s.gets.Add(1)
	s.send(s.liar.body(w, r, number, span{start, end, size, s.library.partBytes(number)}), number, start, end)
}

// send writes the bytes of a file from `start` to `end`, without the byte at `end`, and no faster
// than the rate.
func (s *server) send(w io.Writer, number int, start, end int64) {
	var file *os.File
	if !s.tls && end-start > copiedBytes {
		opened, err := os.Open(s.data.path)
		if err != nil {
			return
		}
		defer opened.Close()
		file = opened
	}
	begun, sent, step := time.Now(), int64(0), int64(stepBytes)
	if s.rate > 0 {
		// A step of rate/50 bytes takes 20 ms. With short steps the bytes arrive as evenly as over
		// a slow link.
		step = max(16<<10, min(step, s.rate/50))
	}
	_ = s.library.windows(number, start, end, step, func(offset, length int64) error {
		written, err := s.sendWindow(w, file, offset, length)
		s.mediaBytes.Add(written)
		sent += written
		if s.rate > 0 {
			due := time.Duration(float64(sent) / float64(s.rate) * float64(time.Second))
			time.Sleep(time.Until(begun.Add(due)))
		}
		return err
	})
}

func (s *server) sendWindow(w io.Writer, file *os.File, offset, length int64) (int64, error) {
	if file == nil {
		written, err := w.Write(s.data.bytes[offset : offset+length])
		return int64(written), err
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	return io.CopyN(w, file, length)
}

// parseRange parses a header with one range. The returned end is the offset after the last byte.
func parseRange(text string, size int64) (start, end int64, ok bool) {
	first, last, found := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
	if !found || first == "" {
		return 0, 0, false
	}
	start, err := strconv.ParseInt(first, 10, 64)
	if err != nil || start >= size {
		return 0, 0, false
	}
	if last == "" {
		return start, size, true
	}
	end, err = strconv.ParseInt(last, 10, 64)
	return start, min(end+1, size), err == nil && end >= start
}

func contentType(extension string) string {
	if extension == "jpg" {
		return "image/jpeg"
	}
	return "video/mp4"
}
