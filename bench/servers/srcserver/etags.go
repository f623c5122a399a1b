package main

import (
	"crypto/md5"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// parsePartSizes parses part sizes in bytes, separated by commas.
func parsePartSizes(text string) ([]int64, error) {
	var sizes []int64
	for _, part := range strings.Split(text, ",") {
		size, err := strconv.ParseInt(part, 10, 64)
		if err != nil || size <= 0 {
			return nil, fmt.Errorf("%q is no size of a part", part)
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

// partBytes returns the size of the parts in which a file was uploaded. The files of a library take
// turns, because a real library holds uploads of several programs.
func (l *library) partBytes(number int) int64 { return l.uploads[number%len(l.uploads)] }

// readETags returns the ETag of each file. To compute the MD5 of all bytes takes seconds, so the
// ETags are kept in a file beside the data for the next server with the same library.
func (l *library) readETags() ([]string, error) {
	kept := fmt.Sprintf("%s.etags-%d-%d-%v", l.data.path, l.count(), l.size, l.uploads)
	if text, err := os.ReadFile(kept); err == nil {
		return strings.Fields(string(text)), nil
	}
	etags := l.computeETags()
	// Several servers may start at the same time, so the complete file gets its name at the end.
	building := fmt.Sprintf("%s.%d", kept, os.Getpid())
	if err := os.WriteFile(building, []byte(strings.Join(etags, "\n")), 0o644); err != nil {
		return nil, err
	}
	return etags, os.Rename(building, kept)
}

// computeETags computes the ETag that S3 gives to an upload in parts: the MD5 of the MD5s of all
// parts, and the number of parts.
func (l *library) computeETags() []string {
	type task struct{ number, part int }
	digests := make([][][md5.Size]byte, l.count())
	tasks := make(chan task)
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for t := range tasks {
				digests[t.number][t.part] = l.partDigest(t.number, t.part)
			}
		})
	}
	for number := range digests {
		digests[number] = make([][md5.Size]byte, max(1, (l.size+l.partBytes(number)-1)/l.partBytes(number)))
		for part := range digests[number] {
			tasks <- task{number, part}
		}
	}
	close(tasks)
	workers.Wait()
	etags := make([]string, len(digests))
	for number, parts := range digests {
		whole := md5.New()
		for _, digest := range parts {
			whole.Write(digest[:])
		}
		etags[number] = fmt.Sprintf("%x-%d", whole.Sum(nil), len(parts))
	}
	return etags
}

func (l *library) partDigest(number, part int) (digest [md5.Size]byte) {
	start := int64(part) * l.partBytes(number)
	sum := md5.New()
	_ = l.windows(number, start, min(start+l.partBytes(number), l.size), l.data.size(), func(offset, length int64) error {
		_, err := sum.Write(l.data.bytes[offset : offset+length])
		return err
	})
	copy(digest[:], sum.Sum(nil))
	return digest
}
