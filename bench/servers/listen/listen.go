// Package listen holds what both servers of the bench share. A server takes a free port of the
// loopback interface, prints its URL to standard output and counts the bytes on the wire. A server
// ends when its standard input closes. Thus no server outlives the bench.
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

// Wire counts the connections and all their bytes, including TLS and headers.
type Wire struct{ Connections, Received, Sent atomic.Int64 }

// Options are the options of a server.
type Options struct {
	// TLSPair is "cert.pem,key.pem". An empty text means plain HTTP.
	TLSPair string
	// Latency is the time of a round trip. A new connection takes a round trip for TCP, and another
	// round trip for TLS.
	Latency time.Duration
}

// Serve prints the server's URL and answers until standard input closes. Like S3, the server speaks
// only HTTP/1.1.
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
	// Broken connections are not logged, because the bench kills clients in the middle of requests.
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

// countingConn counts the bytes of a connection. It exposes the ReadFrom of TCPConn, so that
// responses over plain HTTP still use sendfile.
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
