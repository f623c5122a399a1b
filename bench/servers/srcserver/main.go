// Command srcserver is a media cloud that uses so little CPU that the client under test is the
// bottleneck. Its files are windows on one file of deterministic bytes. It sends them by sendfile
// (plain HTTP) or from mapped memory (TLS).
//
//	srcserver -generate -data FILE -size BYTES               generates the bytes
//	srcserver -data FILE -count N -size BYTES -ext mp4
//	          [-tls cert.pem,key.pem] [-latency 50ms] [-rate BYTES_PER_S] [-lie cut]
//
// Its library has N media with one file of BYTES each, offered in two ways:
//
//	/media/user, /media/search, /media/{id}, /media/{id}/download
//	                                       the API of GoPro
//	/files/                                an HTML listing
//	/files/000000000000000000000042.mp4    the files, with HEAD and Range
//	/_stats, /_files                       counters; names, sizes and CRC32 of all files
package main

import (
	"flag"
	"log"
	"net/http"
	"time"

	"bench/listen"
)

func main() {
	generating := flag.Bool("generate", false, "make the data file and exit")
	path := flag.String("data", "", "the data file that all files are windows on, best on a RAM disk")
	size := flag.Int64("size", 0, "bytes of each file; with -generate, of the data file")
	count := flag.Int("count", 1, "files in the library")
	extension := flag.String("ext", "mp4", "extension of the files")
	latency := flag.Duration("latency", 0, "delay of each request and of each step of a connection's set-up")
	lie := flag.String("lie", "", "the lie about the second file; see lies.go")
	rate := flag.Int64("rate", 0, "bytes a second of each connection; 0 for no limit")
	tlsPair := flag.String("tls", "", "cert.pem,key.pem")
	flag.Parse()

	if *generating {
		if err := generate(*path, *size); err != nil {
			log.Fatal(err)
		}
		return
	}
	data, err := openData(*path)
	if err != nil {
		log.Fatal(err)
	}
	server := &server{
		library: newLibrary(data, *count, *size, *extension),
		data:    data,
		latency: *latency,
		rate:    *rate,
		tls:     *tlsPair != "",
		liar:    liar{kind: *lie},
	}
	log.Fatal(listen.Serve(server, &server.wire, listen.Options{TLSPair: *tlsPair, Latency: *latency}))
}

type server struct {
	library *library
	data    *data
	latency time.Duration
	rate    int64
	tls     bool
	liar    liar
	counters
	wire listen.Wire
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/_stats":
		s.writeStats(w)
	case "/_files":
		s.writeFiles(w)
	default:
		time.Sleep(s.latency)
		s.serveClient(w, r)
	}
}
