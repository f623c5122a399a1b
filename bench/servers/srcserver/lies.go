package main

import (
	"io"
	"net/http"
	"sync/atomic"
)

// liar tells one lie about one file. The other files show whether the tool handles honest replies.
//
//	html     every reply is a web page with status 200, such as the sign-in page of a hotel's network
//	short    GET serves only three quarters of the length that HEAD says, with matching headers
//	cut      the first body is cut in the middle; later bodies are complete
//	silent   the first body stops in the middle with the connection open; later bodies are complete
//	byte     one byte in the middle is changed in every body
//	once     one byte in the middle is changed in the first body that holds it
//	border   the same for the first byte of the second part of the upload
//	resumed  the first body is cut in the middle; the next body that holds the byte after the cut has
//	         this byte changed
type liar struct {
	kind string
	told atomic.Bool
	// The lie "resumed" has two steps. The second step is about the byte at this offset.
	cutAt   atomic.Int64
	changed atomic.Bool
}

// The lie is about the second of three files, because no tool starts with the second file.
const liedAbout = 1

const portalPage = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><p>Please sign in to use this network.</p></body></html>\n"

func (l *liar) tells(kind string, number int) bool { return l.kind == kind && number == liedAbout }

func writePortalPage(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(w, portalPage)
}

// span is the range of a body, from `start` to `end` without the byte at `end`. The file has `size`
// bytes and was uploaded in parts of `partBytes`.
type span struct{ start, end, size, partBytes int64 }

func (s span) holds(offset int64) bool { return s.start <= offset && offset < s.end }

// body returns a writer for the bytes of a file in the span. The writer is the response itself, or
// a lyingBody around the response.
func (l *liar) body(w http.ResponseWriter, r *http.Request, number int, s span) io.Writer {
	lie := &lyingBody{ResponseWriter: w, at: s.start, from: (s.start + s.end) / 2}
	switch {
	case l.tells("byte", number):
		lie.from, lie.act = s.size/2, changeByte
	case l.tells("once", number) && s.holds(s.size/2) && l.told.CompareAndSwap(false, true):
		lie.from, lie.act = s.size/2, changeByte
	case l.tells("border", number) && s.holds(s.partBytes) && l.told.CompareAndSwap(false, true):
		lie.from, lie.act = s.partBytes, changeByte
	case l.tells("resumed", number) && l.told.CompareAndSwap(false, true):
		l.cutAt.Store(lie.from)
		lie.act = cutConnection
	case l.tells("resumed", number) && s.holds(l.cutAt.Load()) && l.changed.CompareAndSwap(false, true):
		lie.from, lie.act = l.cutAt.Load(), changeByte
	case l.tells("cut", number) && l.told.CompareAndSwap(false, true):
		lie.act = cutConnection
	case l.tells("silent", number) && l.told.CompareAndSwap(false, true):
		lie.act = func([]byte) []byte {
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
	default:
		return w
	}
	return lie
}

func changeByte(rest []byte) []byte { return append([]byte{^rest[0]}, rest[1:]...) }

func cutConnection([]byte) []byte { panic(http.ErrAbortHandler) }

// lyingBody sends the bytes before `from` unchanged. Then it sends the bytes that `act` returns.
type lyingBody struct {
	http.ResponseWriter
	at, from int64
	act      func(rest []byte) []byte
}

func (b *lyingBody) Write(p []byte) (int, error) {
	honest := b.from - b.at
	if honest < 0 || honest >= int64(len(p)) {
		b.at += int64(len(p))
		return b.ResponseWriter.Write(p)
	}
	if n, err := b.ResponseWriter.Write(p[:honest]); err != nil {
		return n, err
	}
	// The client gets all honest bytes before the lie begins.
	http.NewResponseController(b.ResponseWriter).Flush()
	n, err := b.ResponseWriter.Write(b.act(p[honest:]))
	b.at += int64(len(p))
	return int(honest) + n, err
}
