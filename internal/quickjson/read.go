package quickjson

// take takes a byte that must come next.
func (c *Codec) take(b byte) {
	if c.Next() != b {
		c.failed = true
		return
	}
	c.pos++
}

// Next gives the byte that comes next, 0 at the end: by it one kind of value is
// told from another.
func (c *Codec) Next() byte {
	if c.failed || c.pos == len(c.src) {
		return 0
	}
	return c.src[c.pos]
}

// ReadText reads a text without escapes.
func (c *Codec) ReadText() string {
	if c.take('"'); c.failed {
		return ""
	}
	for from := c.pos; c.pos < len(c.src); c.pos++ {
		switch b := c.src[c.pos]; {
		case b == '"':
			c.pos++
			return c.src[from : c.pos-1]
		case b == '\\' || b < ' ':
			c.failed = true
			return ""
		}
	}
	c.failed = true
	return ""
}

// maxDigits are those of a number that fits an int64 for sure.
const maxDigits = 18

// ReadInt reads a whole number.
func (c *Codec) ReadInt() int64 {
	negative := c.Next() == '-'
	if negative {
		c.pos++
	}
	from, n := c.pos, int64(0)
	for b := c.Next(); b >= '0' && b <= '9'; b = c.Next() {
		n = 10*n + int64(b-'0')
		c.pos++
	}
	// Too long, a zero before the first digit or after a sign, not whole.
	switch digits := c.pos - from; {
	case digits == 0 || digits > maxDigits, c.src[from] == '0' && (negative || digits > 1), c.Next() == '.' || c.Next()|' ' == 'e':
		c.failed = true
		return 0
	}
	if negative {
		return -n
	}
	return n
}

// ReadBool reads true or false.
func (c *Codec) ReadBool() bool {
	for _, word := range [...]string{"true", "false"} {
		if !c.failed && len(c.src)-c.pos >= len(word) && c.src[c.pos:c.pos+len(word)] == word {
			c.pos += len(word)
			return word == "true"
		}
	}
	c.failed = true
	return false
}
