package form

import (
	"strings"
)

// Fault is why a post is not taken. It names fields of the form and never holds
// what was posted.
type Fault struct {
	Status int    // HTTP
	Code   string // for programs
	Detail string // one English sentence for developers; people get Errors
	Errors []FieldError
}

// FieldError is what is wrong with one field, as a code; Words says it to
// people.
type FieldError struct {
	Field string `json:"field"`
	Code  string `json:"code"`
}

func (f *Fault) Error() string {
	s := f.Code + ": " + f.Detail
	for _, e := range f.Errors {
		s += "; " + e.Field + ": " + e.Code
	}
	return s
}

func fault(code, detail string) *Fault {
	return &Fault{Status: 400, Code: code, Detail: detail}
}

func unsupported(detail string) *Fault {
	return &Fault{Status: 415, Code: "content_type", Detail: detail}
}

// TooLarge is the answer to a body over MaxBody.
func TooLarge() *Fault {
	return &Fault{Status: 413, Code: "too_large", Detail: "the body is larger than 64 KiB"}
}

// Words says a field's fault to people.
func Words(code, locale string) string {
	fa, en := "این مقدار درست نیست.", "This value is not right."
	switch code {
	case "required":
		fa, en = "این مورد لازم است.", "This is required."
	case "email":
		fa, en = "نشانی ایمیل درست نیست. نمونه: name@example.com", "That is not an e-mail address. Example: name@example.com"
	case "smtputf8_unsupported":
		fa, en = "بخش پیش از @ باید با حروف انگلیسی باشد.", "The part before @ must be in Latin letters."
	case "phone":
		fa, en = "شماره‌ی تلفن درست نیست. نمونه: ۰۹۱۲۳۴۵۶۷۸۹", "That is not a phone number. Example: +98 912 345 6789"
	case "option":
		fa, en = "یکی از گزینه‌ها را انتخاب کنید.", "Choose one of the options."
	case "number":
		fa, en = "یک عدد بنویسید.", "Write a number."
	case "range":
		fa, en = "این عدد بیرون از بازه است.", "This number is out of range."
	case "date":
		fa, en = "تاریخ درست نیست.", "That is not a date."
	case "time":
		fa, en = "روز و ساعت درست نیست.", "That is not a day with its hour."
	case "too_long":
		fa, en = "این متن بلندتر از اندازه است.", "This text is too long."
	case "repeated":
		fa, en = "این مورد دو بار فرستاده شده است.", "This was sent twice."
	case "unknown":
		fa, en = "این فرم چنین موردی ندارد.", "This form has no such field."
	case "type":
		fa, en = "این مقدار از گونه‌ی دیگری است.", "This value is of another kind."
	}
	if locale == "en" {
		return en
	}
	return fa
}

// visible keeps a field's name short and printable in an answer.
func visible(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, name)
	if len(name) > 60 {
		name = name[:60]
	}
	return strings.ToValidUTF8(name, "")
}
