package main

import (
	"crypto/aes"
	"crypto/cipher"
	"os"
	"syscall"
)

// generate writes bytes that are always the same and do not compress: zeros, encrypted with
// AES-128-CTR and a zero key.
func generate(path string, size int64) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		return err
	}
	stream := cipher.NewCTR(block, make([]byte, 16))
	buffer := make([]byte, 4<<20)
	for left := size; left > 0; left -= int64(len(buffer)) {
		buffer = buffer[:min(left, int64(len(buffer)))]
		clear(buffer)
		stream.XORKeyStream(buffer, buffer)
		if _, err := file.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}

// data is the generated file. Only sendfile uses the path. All other code uses the mapped bytes.
type data struct {
	path  string
	bytes []byte
}

func openData(path string) (*data, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	bytes, err := syscall.Mmap(int(file.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	return &data{path, bytes}, err
}

func (d *data) size() int64 { return int64(len(d.bytes)) }
