package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
)

func (s *sink) serveBucket(w http.ResponseWriter, r *http.Request, bucket string, query url.Values) {
	io.Copy(io.Discard, r.Body)
	switch {
	case r.Method != http.MethodGet:
		// HeadBucket and CreateBucket succeed, because every bucket exists.
	case bucket == "":
		answer(w, "<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>")
	case query.Has("uploads"):
		s.listUploads(w, bucket)
	default:
		s.listObjects(w, bucket, query)
	}
}

func (s *sink) listUploads(w http.ResponseWriter, bucket string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var b strings.Builder
	for id, u := range s.uploads {
		if key, ours := strings.CutPrefix(u.key, bucket+"/"); ours {
			fmt.Fprintf(&b, "<Upload><Key>%s</Key><UploadId>%s</UploadId><Initiated>%s</Initiated></Upload>", key, id, u.begun.Format(isoTime))
		}
	}
	answer(w, fmt.Sprintf("<ListMultipartUploadsResult><Bucket>%s</Bucket><IsTruncated>false</IsTruncated>%s</ListMultipartUploadsResult>", bucket, b.String()))
}

const isoTime = "2006-01-02T15:04:05.000Z"

// page is one page of a listing, for ListObjects and for ListObjectsV2.
type page struct {
	contents, prefixes strings.Builder
	count              int
	last               string
	truncated          bool
}

func (s *sink) listObjects(w http.ResponseWriter, bucket string, query url.Values) {
	version2 := query.Get("list-type") == "2"
	after := max(query.Get("continuation-token"), query.Get("marker"), query.Get("start-after"))
	most := 1000
	if asked, err := strconv.Atoi(query.Get("max-keys")); err == nil {
		most = min(most, asked)
	}
	s.mutex.Lock()
	p := s.page(bucket+"/", query.Get("prefix"), query.Get("delimiter"), after, most)
	s.mutex.Unlock()
	next := ""
	if p.truncated && version2 {
		next = "<NextContinuationToken>" + p.last + "</NextContinuationToken>"
	} else if p.truncated {
		next = "<NextMarker>" + p.last + "</NextMarker>"
	}
	answer(w, fmt.Sprintf("<ListBucketResult><Name>%s</Name><Prefix>%s</Prefix><KeyCount>%d</KeyCount><MaxKeys>%d</MaxKeys><IsTruncated>%v</IsTruncated>%s%s%s</ListBucketResult>",
		bucket, query.Get("prefix"), p.count, most, p.truncated, next, p.contents.String(), p.prefixes.String()))
}

// page lists the objects after the name `after`. With a delimiter, all objects in a folder are
// shown as one entry. The caller must hold the mutex.
func (s *sink) page(bucket, prefix, delimiter, after string, most int) *page {
	names := s.names()
	p := &page{}
	for i := sort.SearchStrings(names, bucket+max(prefix, after)); i < len(names) && strings.HasPrefix(names[i], bucket+prefix); i++ {
		key := names[i][len(bucket):]
		inside := strings.HasSuffix(after, "/") && strings.HasPrefix(key, after)
		if after != "" && (key <= after || inside) {
			continue
		}
		if p.count == most {
			p.truncated = true
			break
		}
		p.count++
		if folder, _, nested := strings.Cut(key[len(prefix):], delimiter); delimiter != "" && nested {
			p.last = prefix + folder + delimiter
			fmt.Fprintf(&p.prefixes, "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>", p.last)
			// Continue with the first name after the folder.
			i = sort.SearchStrings(names, bucket+p.last+"\xff") - 1
			continue
		}
		o := s.objects[names[i]]
		p.last = key
		fmt.Fprintf(&p.contents, "<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>&quot;%s&quot;</ETag><Size>%d</Size><StorageClass>STANDARD</StorageClass></Contents>",
			key, o.modified.Format(isoTime), o.etag, o.size)
	}
	return p
}

func (s *sink) names() []string {
	if s.sorted == nil {
		for name := range s.objects {
			s.sorted = append(s.sorted, name)
		}
		slices.Sort(s.sorted)
	}
	return s.sorted
}
