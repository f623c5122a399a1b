package main

import "hash/crc32"

// combine returns the CRC32 of two joined byte sequences. It needs the CRC32 of both sequences and
// the length of the second. A CRC is a polynomial over GF(2). Appending n bytes multiplies a CRC by
// x^8n.
func combine(first, second uint32, secondBytes int64) uint32 {
	return multiply(powerOfX(8*secondBytes), first) ^ second
}

// powerOfX returns x^n modulo the polynomial. The order of the bits is reversed: the highest bit is
// the coefficient of x^0.
func powerOfX(n int64) uint32 {
	result, square := uint32(1)<<31, uint32(1)<<30
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			result = multiply(square, result)
		}
		square = multiply(square, square)
	}
	return result
}

// multiply returns a·b modulo the polynomial.
func multiply(a, b uint32) uint32 {
	var product uint32
	for bit := uint32(1) << 31; bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		if b&1 != 0 {
			b = b>>1 ^ crc32.IEEE
		} else {
			b >>= 1
		}
	}
	return product
}
