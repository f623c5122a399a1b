package main

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
)

// counters holds the counts since the start. Media bytes count when the server writes them to the
// connection, even if a killed client never reads them.
type counters struct{ api, listings, heads, gets, mediaBytes atomic.Int64 }

func (s *server) writeStats(w http.ResponseWriter) {
	json.NewEncoder(w).Encode(map[string]int64{
		"apiRequests":  s.api.Load(),
		"listings":     s.listings.Load(),
		"heads":        s.heads.Load(),
		"gets":         s.gets.Load(),
		"mediaBytes":   s.mediaBytes.Load(),
		"connections":  s.wire.Connections.Load(),
		"wireSent":     s.wire.Sent.Load(),
		"wireReceived": s.wire.Received.Load(),
	})
}

// writeFiles writes the CRC32 of each file, in the order of the numbers of the media.
func (s *server) writeFiles(w http.ResponseWriter) {
	sums := make([]uint32, s.library.count())
	for number := range sums {
		sums[number] = s.library.crc32(number)
	}
	json.NewEncoder(w).Encode(map[string]any{"sizeBytes": s.library.size, "crc32": sums})
}
