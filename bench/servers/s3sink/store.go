package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"bench/listen"
)

// Bodies up to this size are always kept, because clients read their own small objects again.
const keptBytes = 4 << 10

type object struct {
	size     int64
	crc32    uint32
	etag     string
	modified time.Time
	// The headers that HEAD shows, including metadata.
	headers http.Header
	// The body, or nil if it was thrown away.
	content []byte
}

type part struct {
	size    int64
	crc32   uint32
	etag    string
	content []byte
}

type upload struct {
	key     string
	headers http.Header
	parts   map[int]part
	begun   time.Time
}

type sink struct {
	mutex   sync.Mutex
	objects map[string]*object
	uploads map[string]*upload
	// The keys in order, or nil after a change. The next listing sorts them again.
	sorted []string

	// The number of requests of each operation, such as `PUT object`.
	operations map[string]int64

	// Whether the ETag of each body is its MD5.
	md5 bool
	// Whether all bodies are kept.
	keep                bool
	sequence, bodyBytes atomic.Int64
	// The number of bodies with each kind of checksum.
	withCRC32, withMD5, withOther, withNothing atomic.Int64
	wire                                       listen.Wire
}

func newSink() *sink {
	return &sink{objects: map[string]*object{}, uploads: map[string]*upload{}, operations: map[string]int64{}}
}

func (s *sink) count(method, key string, query url.Values) {
	what := "object"
	switch {
	case key == "":
		what = "bucket"
	case query.Has("partNumber"):
		what = "part"
	case query.Has("uploads"), query.Has("uploadId"):
		what = "upload"
	}
	s.mutex.Lock()
	s.operations[method+" "+what]++
	s.mutex.Unlock()
}

// store stores an object. It returns false if an object with this name exists and the client
// forbids overwriting. The caller must hold the mutex.
func (s *sink) store(r *http.Request, name string, o *object) bool {
	if r.Header.Get("If-None-Match") == "*" && s.objects[name] != nil {
		return false
	}
	s.objects[name] = o
	s.sorted = nil
	return true
}

func (s *sink) nextETag() string { return fmt.Sprintf("%032x", s.sequence.Add(1)) }

func (s *sink) writeStats(w http.ResponseWriter) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var requests int64
	for _, count := range s.operations {
		requests += count
	}
	json.NewEncoder(w).Encode(map[string]any{
		"requests":     requests,
		"operations":   s.operations,
		"bodyBytes":    s.bodyBytes.Load(),
		"withCrc32":    s.withCRC32.Load(),
		"withMd5":      s.withMD5.Load(),
		"withOther":    s.withOther.Load(),
		"withNothing":  s.withNothing.Load(),
		"connections":  s.wire.Connections.Load(),
		"wireSent":     s.wire.Sent.Load(),
		"wireReceived": s.wire.Received.Load(),
	})
}

func (s *sink) writeObjects(w http.ResponseWriter) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	type row struct {
		Key       string `json:"key"`
		SizeBytes int64  `json:"sizeBytes"`
		CRC32     uint32 `json:"crc32"`
	}
	rows := []row{}
	for name, o := range s.objects {
		rows = append(rows, row{name, o.size, o.crc32})
	}
	json.NewEncoder(w).Encode(rows)
}

// kept returns the headers of a write request that a later HEAD shows.
func kept(request http.Header) http.Header {
	headers := http.Header{}
	for name, values := range request {
		if strings.HasPrefix(name, "X-Amz-Meta-") || name == "Content-Type" || name == "X-Amz-Storage-Class" {
			headers[name] = values
		}
	}
	if tags := request.Get("X-Amz-Tagging"); tags != "" {
		headers.Set("x-amz-tagging-count", fmt.Sprint(strings.Count(tags, "&")+1))
	}
	return headers
}

// encodeCRC32 returns a CRC32 in the format of S3.
func encodeCRC32(sum uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s<Error><Code>%s</Code><Message>%s</Message></Error>", xml.Header, code, code)
}

func answer(w http.ResponseWriter, document string) {
	w.Header().Set("Content-Type", "application/xml")
	io.WriteString(w, xml.Header+document)
}
