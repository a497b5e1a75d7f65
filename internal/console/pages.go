package console

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
)

//go:embed web
var files embed.FS

// policy lets the page run its own script and nothing else. Data comes from the
// API as text and is put into the page as text.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self' https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self' http://127.0.0.1:* http://localhost:*"

// pages serves the page and its files. They hold no data, so anybody may read
// them.
func (c *Console) pages() http.Handler {
	root, err := fs.Sub(files, "web")
	if err != nil {
		panic(err) // unreachable: the folder is embedded
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		name := "index.html"
		switch dir, file := path.Split(r.URL.Path); {
		case r.URL.Path == "/":
		case r.URL.Path == "/assets/config.json":
			h.Set("Content-Type", "application/json")
			h.Set("Cache-Control", "no-store")
			_ = json.NewEncoder(w).Encode(c.SignIn) // a reader that left needs no answer
			return
		case dir == "/assets/":
			name = file
		default:
			http.NotFound(w, r)
			return
		}
		h.Set("Cache-Control", "no-cache")
		if path.Ext(name) == ".woff2" {
			h.Set("Cache-Control", "max-age=604800") // a font stays what it is
		}
		http.ServeFileFS(w, r, root, name)
	})
}
