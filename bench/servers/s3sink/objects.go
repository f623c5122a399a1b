package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

func (s *sink) putObject(w http.ResponseWriter, r *http.Request, name string) {
	got, err := s.receive(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	o := &object{got.size, got.crc32, s.etagOf(r, got), time.Now().UTC(), kept(r.Header), got.content}
	s.mutex.Lock()
	stored := s.store(r, name, o)
	s.mutex.Unlock()
	if !stored {
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	w.Header().Set("ETag", strconv.Quote(o.etag))
	w.Header().Set("x-amz-checksum-crc32", encodeCRC32(o.crc32))
}

// etagOf returns the MD5 of a body if the sink computes it. Otherwise it returns the MD5 that the
// client sent, because some clients compare it with the ETag. If the client sent none, etagOf
// returns an arbitrary value. To compute an MD5 uses more CPU than all other work.
func (s *sink) etagOf(r *http.Request, got received) string {
	if got.md5 != "" {
		return got.md5
	}
	if sum, err := base64.StdEncoding.DecodeString(r.Header.Get("Content-Md5")); err == nil && len(sum) == 16 {
		return hex.EncodeToString(sum)
	}
	return s.nextETag()
}

func (s *sink) getObject(w http.ResponseWriter, r *http.Request, name string) {
	s.mutex.Lock()
	o := s.objects[name]
	s.mutex.Unlock()
	switch {
	case o == nil && r.Method == http.MethodHead:
		// Without a length in the reply, clients close the connection.
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusNotFound)
	case o == nil:
		refuse(w, http.StatusNotFound, "NoSuchKey")
	case r.Method == http.MethodGet && o.content == nil:
		refuse(w, http.StatusNotImplemented, "NotKept")
	default:
		for header, values := range o.headers {
			w.Header()[header] = values
		}
		w.Header().Set("ETag", strconv.Quote(o.etag))
		w.Header().Set("Last-Modified", o.modified.Format(http.TimeFormat))
		w.Header().Set("Content-Length", strconv.FormatInt(o.size, 10))
		if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
			w.Header().Set("x-amz-checksum-crc32", encodeCRC32(o.crc32))
			w.Header().Set("x-amz-checksum-type", "FULL_OBJECT")
		}
		if r.Method == http.MethodGet {
			// It answers ranges, too.
			http.ServeContent(w, r, "", o.modified, bytes.NewReader(o.content))
			return
		}
		w.WriteHeader(http.StatusOK)
	}
}

func (s *sink) delete(w http.ResponseWriter, name, uploadID string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if uploadID != "" {
		delete(s.uploads, uploadID)
	} else {
		delete(s.objects, name)
		s.sorted = nil
	}
	w.WriteHeader(http.StatusNoContent)
}
