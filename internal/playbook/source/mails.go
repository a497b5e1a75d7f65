package source

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sarnakh/sarnakh/internal/form"
	"github.com/sarnakh/sarnakh/internal/mail"
	mailsource "github.com/sarnakh/sarnakh/internal/mail/source"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

// Where mails lie in a playbook, and what is sent without a track.
const (
	mailFolder  = "mails"
	confirmMail = "confirm" // double opt-in
)

// findMails lists mails/<name>.<locale>.md by name.
func (r *reader) findMails(fsys fs.FS) map[string][]string {
	files, err := fs.Glob(fsys, mailFolder+"/*.md")
	if err != nil {
		return nil // unreachable: the pattern is good
	}
	found := map[string][]string{}
	for _, f := range files {
		base := strings.TrimSuffix(path.Base(f), ".md")
		name, locale, ok := strings.Cut(base, ".")
		if !ok || !isName(name) || locale != "fa" && locale != "en" {
			r.fault(place{f, 1, 1}, "the file name is not that of a mail", "name.fa.md or name.en.md, with a name of a-z, 0-9 and -")
			continue
		}
		found[name] = append(found[name], locale)
	}
	return found
}

func (r *reader) mailNames() []string { return keysOf(r.mails) }

// mailUse is what the tracks want of a mail.
type mailUse struct {
	mailsource.Use
	offer bool
}

// usesOfMails goes through the steps.
func (r *reader) usesOfMails() map[string]*mailUse {
	uses := map[string]*mailUse{}
	for _, t := range r.p.Nurture.Tracks {
		magnet := slices.ContainsFunc(t.Entry, func(e nurture.Entry) bool {
			return e.Form != "" && slices.ContainsFunc(r.p.Forms, func(f form.Config) bool { return f.Name == e.Form && f.Magnet != nil })
		})
		for _, s := range t.Steps {
			for _, name := range s.Mails() {
				u := uses[name]
				if u == nil {
					u = &mailUse{Use: mailsource.Use{Magnet: true}}
					uses[name] = u
				}
				u.offer = u.offer || s.Offer != "" || slices.ContainsFunc(s.Arms, func(a nurture.Arm) bool { return a.Offer != "" && cmp.Or(a.Mail, s.Mail) == name })
				u.Marketing = u.Marketing || s.Class != nurture.Asked
				u.Magnet = u.Magnet && magnet
			}
		}
	}
	return uses
}

func (r *reader) readMails(fsys fs.FS) {
	shared := r.readShared(fsys)
	uses := r.usesOfMails()
	for _, name := range r.mailNames() {
		if usual := r.p.Business.Locales; len(usual) > 0 && !slices.Contains(r.mails[name], usual[0]) {
			r.fault(place{path.Join(mailFolder, name+"."+r.mails[name][0]+".md"), 1, 1}, fmt.Sprintf("mail %s is missing in %s, the usual locale", name, usual[0]), fmt.Sprintf("write %s/%s.%s.md", mailFolder, name, usual[0]))
		}
		use := mailUse{}
		if u := uses[name]; u != nil {
			use = *u
		}
		use.Confirm = name == confirmMail
		for _, locale := range r.mails[name] {
			r.readMail(fsys, name, locale, use, shared)
		}
	}
}

// readShared reads layouts and pieces.
func (r *reader) readShared(fsys fs.FS) mailsource.Shared {
	s := mailsource.Shared{Layouts: map[string]string{}, Pieces: map[string]string{}}
	for _, of := range []struct {
		folder, ext string
		to          map[string]string
	}{{mailsource.LayoutFolder, ".html", s.Layouts}, {mailsource.PieceFolder, ".md", s.Pieces}} {
		files, err := fs.Glob(fsys, path.Join(mailFolder, of.folder, "*"+of.ext))
		if err != nil {
			continue // unreachable: the pattern is good
		}
		for _, file := range files {
			src, ok := r.mailFile(fsys, file)
			if !ok {
				continue
			}
			name := strings.TrimSuffix(path.Base(file), of.ext)
			if of.ext == ".md" {
				if err := mailsource.CheckPiece(src); err != nil {
					at, problem := locate(file, fmt.Errorf("%s:%w", file, err))
					r.fault(at, problem, "")
				}
				base, locale, _ := strings.Cut(name, ".")
				if !isName(base) || locale != "fa" && locale != "en" {
					r.fault(place{file, 1, 1}, "the file name is not that of a piece", "name.fa.md or name.en.md")
				}
			}
			of.to[name] = src
		}
	}
	return s
}

// mailFile reads a text of the folder of mails.
func (r *reader) mailFile(fsys fs.FS, file string) (string, bool) {
	src, err := fs.ReadFile(fsys, file)
	if err != nil {
		r.fault(place{file, 1, 1}, "the file cannot be read: "+clip(err.Error()), "check its rights")
		return "", false
	}
	if len(src) > maxFile {
		r.fault(place{file, 1, 1}, fmt.Sprintf("the file has %d bytes", len(src)), "mail clients cut at 102 KB")
		return "", false
	}
	if !utf8.Valid(src) {
		r.fault(place{file, 1, 1}, "the file is not UTF-8", "save it as UTF-8")
		return "", false
	}
	if i := bytes.IndexFunc(src, func(c rune) bool { return c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f }); i >= 0 {
		r.fault(place{file, 1 + bytes.Count(src[:i], []byte("\n")), 1}, "the line holds a control character", "type it again")
		return "", false
	}
	return string(src), true
}

func (r *reader) readMail(fsys fs.FS, name, locale string, use mailUse, shared mailsource.Shared) {
	file := path.Join(mailFolder, name+"."+locale+".md")
	src, ok := r.mailFile(fsys, file)
	if !ok {
		return
	}
	b := r.p.Business
	t, err := mailsource.Compile(file, []byte(src), name, locale, mailsource.Business{Name: b.Name.In(locale), Address: b.Address.In(locale), Site: b.Site, Opens: r.p.Nurture.Opens}, shared)
	if err != nil {
		at, problem := locate(file, err)
		r.fault(at, problem, "")
		return
	}
	c, err := mail.Compile(t)
	if err != nil {
		at, problem := locate(file, err)
		r.fault(at, problem, "")
		return
	}
	if t.Invite != nil {
		r.timeAttribute(file, t.Invite.At)
	}
	faults, warnings := mailsource.Lint(c, use.Use)
	for _, problem := range slices.Concat(c.Check(r.mailValues(use.offer, t.Invite != nil)), faults) {
		r.fault(place{file, 1, 1}, problem, "")
	}
	for _, problem := range warnings {
		r.warn(place{file, 1, 1}, problem, "")
	}
	if !r.used["mail "+name] && name != confirmMail {
		r.warn(place{file, 1, 1}, fmt.Sprintf("no track sends mail %s", name), "name it in a step, or remove the file")
	}
	r.p.Mails = append(r.p.Mails, t)
}

// timeAttribute checks the attribute that an invitation takes its time from.
func (r *reader) timeAttribute(file, name string) {
	a, ok := r.p.Attribute(name)
	switch {
	case !ok:
		r.unknown(place{file, 1, 1}, "attribute", name, r.attributeNames())
	case a.Type != playbook.TimeAttribute:
		r.fault(place{file, 1, 1}, fmt.Sprintf("invite: %s is no time", name), "an attribute of type time is right: a day with its hour")
	}
	r.use("attribute", name)
}

// mailValues says which values a mail may name, and which always have one.
func (r *reader) mailValues(offer, invite bool) mail.Names {
	known := map[string]bool{"business.name": true}
	if offer {
		known["offer.code"], known["offer.until"] = true, true
	}
	return mail.Names{
		Known: func(p string) bool {
			if p == "owner.name" || p == "invite.at" && invite {
				return true
			}
			if a, ok := strings.CutPrefix(p, "lead."); ok {
				a = strings.TrimSuffix(a, ".title")
				r.use("attribute", a)
				_, ok = (*playbook.Playbook)(r.p).Attribute(a)
				return ok
			}
			return known[p]
		},
		Always: func(p string) bool { return known[p] },
		Date: func(p string) bool {
			a, ok := (*playbook.Playbook)(r.p).Attribute(strings.TrimPrefix(p, "lead."))
			return ok && strings.HasPrefix(p, "lead.") && (a.Type == playbook.DateAttribute || a.Type == playbook.TimeAttribute)
		},
	}
}

var located = regexp.MustCompile(`^[^:]+:(\d+)(?::(\d+))?: `)

// locate reads the place out of an error that begins with file:line[:col].
func locate(file string, err error) (place, string) {
	at, s := place{file, 1, 1}, err.Error()
	if m := located.FindStringSubmatch(s); m != nil {
		at.line, _ = strconv.Atoi(m[1])
		if m[2] != "" {
			at.col, _ = strconv.Atoi(m[2])
		}
		s = s[len(m[0]):]
	}
	return at, s
}
