package main

import (
	"crypto/md5"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

func openLibrary(t *testing.T) *library {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data")
	if err := generate(path, 10_000); err != nil {
		t.Fatal(err)
	}
	data, err := openData(path)
	if err != nil {
		t.Fatal(err)
	}
	return newLibrary(data, 2, 10_000, "mp4", []int64{20_000, 4_000})
}

func TestComputeETags(t *testing.T) {
	l := openLibrary(t)
	contents := make([][]byte, l.count())
	for number := range contents {
		_ = l.windows(number, 0, l.size, l.size, func(offset, length int64) error {
			contents[number] = append(contents[number], l.data.bytes[offset:offset+length]...)
			return nil
		})
	}
	etag := func(parts ...[]byte) string {
		var digests []byte
		for _, part := range parts {
			digest := md5.Sum(part)
			digests = append(digests, digest[:]...)
		}
		return fmt.Sprintf("%x-%d", md5.Sum(digests), len(parts))
	}
	want := []string{etag(contents[0]), etag(contents[1][:4_000], contents[1][4_000:8_000], contents[1][8_000:])}
	if got := l.computeETags(); !slices.Equal(got, want) {
		t.Errorf("%v instead of %v", got, want)
	}
}

func TestReadETags(t *testing.T) {
	l := openLibrary(t)
	first, err := l.readETags()
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.readETags()
	if err != nil || !slices.Equal(first, again) {
		t.Errorf("%v, then %v, %v", first, again, err)
	}
}
