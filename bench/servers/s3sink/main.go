// Command s3sink is an S3 store that uses so little CPU that the client under test is the
// bottleneck. Without -keep it throws bodies away and keeps sizes, CRC32s and headers. Like S3, it checks
// lengths, conditions and the CRC32 in a header or trailer. It does not check credentials.
//
//	s3sink [-tls cert.pem,key.pem] [-preload N -preload-size BYTES] [-md5] [-keep]
//
// It knows only path-style addresses, and every bucket exists. It has these operations:
//
//	PutObject, HeadObject, GetObject (of kept objects), DeleteObject
//	CreateMultipartUpload, UploadPart, ListParts, CompleteMultipartUpload, AbortMultipartUpload
//	ListMultipartUploads, ListObjects, ListObjectsV2, HeadBucket
//
// Two more addresses are for the bench:
//
//	/_stats, /_objects    counters; keys, sizes and CRC32 of all objects
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"bench/listen"
)

func main() {
	tlsPair := flag.String("tls", "", "cert.pem,key.pem")
	preload := flag.Int("preload", 0, "number of objects bench/000….jpg that exist from the start")
	preloadSize := flag.Int64("preload-size", 0, "bytes of each preloaded object")
	md5 := flag.Bool("md5", false, "the ETag of each body is its MD5, as on S3, which costs CPU time")
	keep := flag.Bool("keep", false, "keep all bodies in memory, so that clients can read them")
	flag.Parse()

	sink := newSink()
	sink.md5 = *md5
	sink.keep = *keep
	preloaded := time.Unix(1_700_000_000, 0).UTC()
	// rclone stores the file's modification time in this header.
	headers := http.Header{"X-Amz-Meta-Mtime": {"1700000000"}}
	for number := range *preload {
		key := fmt.Sprintf("bench/%024d.jpg", number)
		sink.objects[key] = &object{size: *preloadSize, etag: fmt.Sprintf("%032x", number), modified: preloaded, headers: headers}
	}
	log.Fatal(listen.Serve(sink, &sink.wire, listen.Options{TLSPair: *tlsPair}))
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/_stats":
		s.writeStats(w)
		return
	case "/_objects":
		s.writeObjects(w)
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	uploadID := query.Get("uploadId")
	s.count(r.Method, key, query)
	w.Header().Set("x-amz-request-id", "bench")
	if key == "" {
		s.serveBucket(w, r, bucket, query)
		return
	}
	// The name of an object is bucket/key.
	name := bucket + "/" + key
	switch r.Method {
	case http.MethodPut:
		if uploadID != "" {
			s.putPart(w, r, uploadID, query.Get("partNumber"))
		} else {
			s.putObject(w, r, name)
		}
	case http.MethodPost:
		if query.Has("uploads") {
			s.createUpload(w, r, name)
		} else {
			s.completeUpload(w, r, name, uploadID)
		}
	case http.MethodHead, http.MethodGet:
		if uploadID != "" {
			s.listParts(w, uploadID)
		} else {
			s.getObject(w, r, name)
		}
	case http.MethodDelete:
		s.delete(w, name, uploadID)
	}
}
