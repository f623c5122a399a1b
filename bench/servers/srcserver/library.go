package main

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"time"
)

const pageBytes = 4096

// library knows which window of the data holds the bytes of each file. A file that is larger than
// the data repeats the data.
type library struct {
	data      *data
	size      int64
	extension string
	offsets   []int64
	// The sizes of the parts in which the files were uploaded.
	uploads []int64
}

func newLibrary(data *data, count int, size int64, extension string, uploads []int64) *library {
	l := &library{data, size, extension, make([]int64, count), uploads}
	step := (size + pageBytes - 1) / pageBytes * pageBytes
	var at int64
	for i := range l.offsets {
		l.offsets[i] = l.harmless(at)
		at = l.offsets[i] + step
	}
	return l
}

// harmless returns the offset at which a file begins: `at`, or else the start of a later page. The
// byte there must not be the first byte of a known kind of file. Otherwise one in some thousands of
// files would begin like a web page, and clients that check the first bytes would refuse this file.
// Offset 0 is not checked, because the byte there is always 0x66.
func (l *library) harmless(at int64) int64 {
	for at %= l.data.size(); at != 0; at = (at + pageBytes) % l.data.size() / pageBytes * pageBytes {
		if first := l.data.bytes[at]; first >= 0x80 && first != 0x89 && first != 0xef && first != 0xff {
			break
		}
	}
	return at
}

func (l *library) count() int { return len(l.offsets) }

// id returns the id of a medium. It has 24 digits, as many as the ids of the real API.
func (l *library) id(number int) string { return fmt.Sprintf("%024d", number) }

func (l *library) fileName(number int) string { return l.id(number) + "." + l.extension }

// number returns the number of the file with this name or of the medium with this id.
func (l *library) number(name string) (int, bool) {
	number, err := strconv.Atoi(strings.TrimSuffix(name, "."+l.extension))
	return number, err == nil && number >= 0 && number < l.count()
}

// created returns the time at which a medium was uploaded. There is one upload each hour.
func (l *library) created(number int) time.Time {
	return time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(number) * time.Hour)
}

// windows calls `each` with the pieces of the data that hold the bytes of a file from `start` to
// `end`, without the byte at `end`. No piece is longer than `most`.
func (l *library) windows(number int, start, end, most int64, each func(offset, length int64) error) error {
	for start < end {
		offset := (l.offsets[number] + start) % l.data.size()
		length := min(end-start, most, l.data.size()-offset)
		if err := each(offset, length); err != nil {
			return err
		}
		start += length
	}
	return nil
}

func (l *library) crc32(number int) uint32 {
	sum := crc32.NewIEEE()
	_ = l.windows(number, 0, l.size, l.data.size(), func(offset, length int64) error {
		_, err := sum.Write(l.data.bytes[offset : offset+length])
		return err
	})
	return sum.Sum32()
}
