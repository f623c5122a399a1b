// Package listen is what both servers of the bench have in common: they take a free port of the loopback interface, say on standard output
// where they are, count the bytes on the wire, and end when their standard input does, so that none outlives the bench.
package listen

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Wire counts what passed over all connections, TLS and headers included.
type Wire struct{ Connections, Received, Sent atomic.Int64 }

// Options of a server.
type Options struct {
	// TLSPair is "cert.pem,key.pem"; empty for plain HTTP.
	TLSPair string
	// Latency is the round trip that a new connection is made to pay for TCP, and once more for TLS.
	Latency time.Duration
}

// Serve prints the server's URL and answers until standard input ends. It speaks HTTP/1.1 only, because S3 does.
func Serve(handler http.Handler, wire *Wire, options Options) error {
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	roundTrips, scheme := 1, "http"
	if options.TLSPair != "" {
		roundTrips, scheme = 2, "https"
	}
	var listener net.Listener = &countingListener{plain, wire, time.Duration(roundTrips) * options.Latency}
	if options.TLSPair != "" {
		cert, key, _ := strings.Cut(options.TLSPair, ",")
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return err
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}})
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Printf("%s://%s\n", scheme, plain.Addr())
	// Clients are killed in mid-request on purpose, so broken connections are nothing to write about.
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	return server.Serve(listener)
}

type countingListener struct {
	net.Listener
	wire  *Wire
	delay time.Duration
}

func (l *countingListener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.wire.Connections.Add(1)
	return &countingConn{TCPConn: accepted.(*net.TCPConn), wire: l.wire, delay: l.delay}, nil
}

// countingConn keeps the ReadFrom of TCPConn within reach of net/http, so that a plain response still goes out by sendfile.
type countingConn struct {
	*net.TCPConn
	wire  *Wire
	delay time.Duration
	first sync.Once
}

func (c *countingConn) Read(p []byte) (int, error) {
	c.first.Do(func() { time.Sleep(c.delay) })
	n, err := c.TCPConn.Read(p)
	c.wire.Received.Add(int64(n))
	return n, err
}

func (c *countingConn) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.wire.Sent.Add(int64(n))
	return n, err
}

func (c *countingConn) ReadFrom(r io.Reader) (int64, error) {
	n, err := c.TCPConn.ReadFrom(r)
	c.wire.Sent.Add(n)
	return n, err
}
