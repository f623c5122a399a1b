package main

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *sink) createUpload(w http.ResponseWriter, r *http.Request, name string) {
	id := fmt.Sprintf("u%d", s.sequence.Add(1))
	s.mutex.Lock()
	s.uploads[id] = &upload{name, kept(r.Header), map[int]part{}, time.Now().UTC()}
	s.mutex.Unlock()
	for _, header := range []string{"x-amz-checksum-algorithm", "x-amz-checksum-type"} {
		if value := r.Header.Get(header); value != "" {
			w.Header().Set(header, value)
		}
	}
	bucket, key, _ := strings.Cut(name, "/")
	answer(w, fmt.Sprintf("<InitiateMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>", bucket, key, id))
}

func (s *sink) putPart(w http.ResponseWriter, r *http.Request, id, number string) {
	got, err := s.receive(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	p := part{got.size, got.crc32, s.etagOf(r, got), nil}
	if s.keep {
		p.content = got.content
	}
	at, _ := strconv.Atoi(number)
	s.mutex.Lock()
	u := s.uploads[id]
	if u != nil {
		u.parts[at] = p
	}
	s.mutex.Unlock()
	if u == nil {
		refuse(w, http.StatusNotFound, "NoSuchUpload")
		return
	}
	w.Header().Set("ETag", strconv.Quote(p.etag))
	w.Header().Set("x-amz-checksum-crc32", encodeCRC32(p.crc32))
}

// numbers returns the part numbers of an upload in order. The caller must hold the mutex.
func (u *upload) numbers() []int {
	var numbers []int
	for number := range u.parts {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	return numbers
}

func (s *sink) listParts(w http.ResponseWriter, id string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	u := s.uploads[id]
	if u == nil {
		refuse(w, http.StatusNotFound, "NoSuchUpload")
		return
	}
	var b strings.Builder
	for _, number := range u.numbers() {
		p := u.parts[number]
		fmt.Fprintf(&b, "<Part><PartNumber>%d</PartNumber><ETag>&quot;%s&quot;</ETag><Size>%d</Size></Part>", number, p.etag, p.size)
	}
	answer(w, fmt.Sprintf("<ListPartsResult><UploadId>%s</UploadId><IsTruncated>false</IsTruncated>%s</ListPartsResult>", id, b.String()))
}

// completeUpload makes an object of the parts that the client lists.
func (s *sink) completeUpload(w http.ResponseWriter, r *http.Request, name, id string) {
	var wanted struct {
		Parts []struct{ PartNumber int } `xml:"Part"`
	}
	body, _ := io.ReadAll(r.Body)
	if xml.Unmarshal(body, &wanted) != nil {
		refuse(w, http.StatusBadRequest, "MalformedXML")
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	u := s.uploads[id]
	if u == nil {
		refuse(w, http.StatusNotFound, "NoSuchUpload")
		return
	}
	o := &object{modified: time.Now().UTC(), headers: u.headers}
	sums := md5.New()
	for _, each := range wanted.Parts {
		p, there := u.parts[each.PartNumber]
		if !there {
			refuse(w, http.StatusBadRequest, "InvalidPart")
			return
		}
		o.crc32 = combine(o.crc32, p.crc32, p.size)
		o.size += p.size
		if s.keep {
			o.content = append(o.content, p.content...)
		}
		sum, _ := hex.DecodeString(p.etag)
		sums.Write(sum)
	}
	// A client that sent the MD5 of each part expects the MD5 of all these MD5s as the ETag.
	o.etag = fmt.Sprintf("%x-%d", sums.Sum(nil), len(wanted.Parts))
	if told := r.Header.Get("X-Amz-Mp-Object-Size"); told != "" && told != strconv.FormatInt(o.size, 10) {
		refuse(w, http.StatusBadRequest, "InvalidRequest")
		return
	}
	if told := r.Header.Get("X-Amz-Checksum-Crc32"); told != "" && told != encodeCRC32(o.crc32) {
		refuse(w, http.StatusBadRequest, "BadDigest")
		return
	}
	if !s.store(r, name, o) {
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	delete(s.uploads, id)
	bucket, key, _ := strings.Cut(name, "/")
	answer(w, fmt.Sprintf("<CompleteMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><ETag>&quot;%s&quot;</ETag></CompleteMultipartUploadResult>", bucket, key, o.etag))
}
