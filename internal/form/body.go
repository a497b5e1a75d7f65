package form

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
	"unicode/utf8"
)

// ParseBody reads a body of one of the three kinds that forms have. beacon says
// that text/plain may hold JSON, as navigator.sendBeacon sends it.
func ParseBody(contentType, contentEncoding string, body []byte, beacon bool) (*Node, error) {
	if len(body) > MaxBody {
		return nil, TooLarge()
	}
	if contentEncoding != "" && !strings.EqualFold(contentEncoding, "identity") {
		return nil, unsupported("a compressed body is not read")
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, unsupported("Content-Type is missing or not one")
	}
	if c := params["charset"]; c != "" && !strings.EqualFold(c, "utf-8") && !strings.EqualFold(c, "us-ascii") {
		return nil, unsupported("only UTF-8 is read")
	}
	switch {
	case kind == "application/x-www-form-urlencoded":
		return ParseURLEncoded(body)
	case kind == "multipart/form-data":
		return ParseMultipart(body, params["boundary"])
	case kind == "application/json" || (beacon && kind == "text/plain"):
		return ParseJSON(body)
	}
	return nil, unsupported("send application/x-www-form-urlencoded, multipart/form-data or application/json")
}

// ParseURLEncoded reads a flat browser post; brackets in keys make groups.
func ParseURLEncoded(body []byte) (*Node, error) {
	n := &Node{Kind: Map}
	left := budget{maxNodes}
	for pair := range strings.SplitSeq(string(body), "&") {
		if pair == "" {
			continue
		}
		if strings.ContainsRune(pair, ';') {
			return nil, fault("encoding", "a bare ; is not read as a separator; write %3B")
		}
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		key, err1 := url.QueryUnescape(rawKey)
		value, err2 := url.QueryUnescape(rawValue)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fault("encoding", "a % sequence is broken")
		}
		if err := addPair(n, key, value, &left); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// ParseMultipart reads a multipart post. Files are refused: no form asks for
// one.
func ParseMultipart(body []byte, boundary string) (*Node, error) {
	if boundary == "" || len(boundary) > 70 {
		return nil, fault("multipart", "the boundary is missing or too long")
	}
	n := &Node{Kind: Map}
	left := budget{maxNodes}
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for parts := 0; ; parts++ {
		part, err := r.NextRawPart()
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return nil, fault("multipart", "the multipart body is broken")
		}
		if parts >= 2*maxKeys {
			return nil, fault("too_many_fields", "more than 200 parts")
		}
		if part.FileName() != "" || strings.Contains(part.Header.Get("Content-Disposition"), "filename") {
			return nil, fault("file", "files are not taken")
		}
		if part.FormName() == "" {
			return nil, fault("multipart", "a part has no name")
		}
		if e := part.Header.Get("Content-Transfer-Encoding"); e != "" && !strings.EqualFold(e, "8bit") && !strings.EqualFold(e, "binary") && !strings.EqualFold(e, "7bit") {
			return nil, fault("multipart", "a part is encoded; send it as it is")
		}
		if t := part.Header.Get("Content-Type"); t != "" {
			_, params, err := mime.ParseMediaType(t)
			if c := params["charset"]; err != nil || (c != "" && !strings.EqualFold(c, "utf-8")) {
				return nil, unsupported("only UTF-8 is read")
			}
		}
		value, err := io.ReadAll(part) // bounded: the whole body is
		if err != nil {
			return nil, fault("multipart", "the multipart body is broken")
		}
		if err := addPair(n, part.FormName(), string(value), &left); err != nil {
			return nil, err
		}
	}
}

func addPair(n *Node, key, value string, left *budget) error {
	if !utf8.ValidString(key) || !utf8.ValidString(value) {
		return fault("encoding", "the body is not UTF-8")
	}
	if strings.IndexByte(key, 0) >= 0 || strings.IndexByte(value, 0) >= 0 {
		return fault("encoding", "a NUL character in the body")
	}
	path, err := splitKey(key)
	if err != nil {
		return err
	}
	return n.add(path, Node{Kind: Scalar, Text: value}, left)
}

// splitKey reads a[b][c] and a[]. What is not well formed is one plain name:
// people name fields "price [rial".
func splitKey(key string) ([]string, error) {
	if len(key) > maxName {
		return nil, fault("field_name", "a field's name is longer than 200 bytes")
	}
	open := strings.IndexByte(key, '[')
	if open <= 0 || !strings.HasSuffix(key, "]") {
		return []string{key}, nil
	}
	path := []string{key[:open]}
	for rest := key[open:]; rest != ""; {
		end := strings.IndexByte(rest, ']')
		if rest[0] != '[' || end < 0 {
			return []string{key}, nil
		}
		path = append(path, rest[1:end])
		rest = rest[end+1:]
	}
	if len(path) > maxDepth {
		return nil, fault("depth", "a key is nested more than 20 deep")
	}
	return path, nil
}
