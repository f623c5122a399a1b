package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// signature is as long as the signature of a real CDN, so that replies have a realistic size. The
// server does not check signatures.
var signature = "?Expires=1790000000&Signature=" + strings.Repeat("Zm9vYmFy", 43) + "&Key-Pair-Id=K1234567890ABC"

// serveAPI answers like GoPro's API. It accepts any credentials.
func (s *server) serveAPI(w http.ResponseWriter, r *http.Request) {
	s.api.Add(1)
	id, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/media/"), "/")
	number, known := s.library.number(id)
	switch {
	case id == "user":
		reply(w, map[string]any{"id": "bench", "total_count": s.library.count()})
	case id == "search":
		s.search(w, r)
	case known && rest == "":
		reply(w, s.record(number, r.URL.Query().Get("fields")))
	case known && rest == "download":
		reply(w, s.downloads(number, r.Host))
	default:
		http.NotFound(w, r)
	}
}

// search returns one page of the library, newest first.
func (s *server) search(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	page := max(1, atoi(query.Get("page"), 1))
	perPage := min(100, max(1, atoi(query.Get("per_page"), 30)))
	total := s.library.count()
	media := []any{}
	for number := total - 1 - (page-1)*perPage; number >= 0 && len(media) < perPage; number-- {
		media = append(media, s.record(number, query.Get("fields")))
	}
	reply(w, map[string]any{
		"_pages":    map[string]int{"current_page": page, "per_page": perPage, "total_items": total, "total_pages": (total + perPage - 1) / perPage},
		"_embedded": map[string]any{"errors": []any{}, "media": media},
	})
}

// record returns the requested fields of a medium, or all fields if none are requested.
func (s *server) record(number int, fields string) map[string]any {
	created := s.library.created(number).Format(time.RFC3339)
	extension := strings.ToUpper(s.library.extension)
	kind := "Video"
	if s.library.extension == "jpg" {
		kind = "Photo"
	}
	all := map[string]any{
		"id": s.library.id(number), "type": kind, "filename": fmt.Sprintf("GX%06d.%s", number%1_000_000, extension), "file_extension": extension,
		"file_size": s.library.size, "item_count": 1, "captured_at": created, "created_at": created, "updated_at": created,
		"reprocessed_at": nil, "camera_model": "HERO12 Black", "ready_to_view": "ready",
	}
	if fields == "" {
		return all
	}
	picked := map[string]any{}
	for _, name := range strings.Split(fields, ",") {
		if value, ok := all[name]; ok {
			picked[name] = value
		}
	}
	return picked
}

// downloads returns a reply of the real shape, with the original and smaller renditions.
func (s *server) downloads(number int, host string) map[string]any {
	scheme := "http"
	if s.tls {
		scheme = "https"
	}
	url := fmt.Sprintf("%s://%s/files/%s%s", scheme, host, s.library.fileName(number), signature)
	entry := func(label, quality string, height int) map[string]any {
		return map[string]any{
			"label": label, "quality": quality, "type": s.library.extension, "width": height * 16 / 9, "height": height,
			"item_number": 1, "available": true, "url": url, "head": url,
		}
	}
	return map[string]any{
		"filename": s.library.fileName(number),
		"_embedded": map[string]any{
			"files":         []any{map[string]any{"item_number": 1, "camera_position": "default", "width": 1920, "height": 1080, "available": true, "url": url, "head": url}},
			"variations":    []any{entry("source", "2160p", 2160), entry("high_res_proxy_mp4", "1080p", 1080), entry("mp4_low", "270p", 270)},
			"sidecar_files": []any{},
			"sprites":       []any{},
		},
	}
}

func reply(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}

func atoi(text string, otherwise int) int {
	if number, err := strconv.Atoi(text); err == nil {
		return number
	}
	return otherwise
}
