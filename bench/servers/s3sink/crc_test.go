package main

import (
	"hash/crc32"
	"testing"
)

func TestCombine(t *testing.T) {
	text := []byte("every original of your cloud library")
	for cut := range text {
		got := combine(crc32.ChecksumIEEE(text[:cut]), crc32.ChecksumIEEE(text[cut:]), int64(len(text)-cut))
		if want := crc32.ChecksumIEEE(text); got != want {
			t.Errorf("cut at %d: %08x instead of %08x", cut, got, want)
		}
	}
}
