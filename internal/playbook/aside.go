package playbook

// asides are the words for people who are set apart, by kind of exclusion.
var asides = map[ExclusionKind]Text{
	Staff:      {Fa: "از کارکنان خودمان", En: "our own staff"},
	Test:       {Fa: "نشانی آزمایشی", En: "a test address"},
	Supplier:   {Fa: "تأمین‌کننده", En: "a supplier"},
	Competitor: {Fa: "رقیب", En: "a competitor"},
}

// The words for obvious fakes.
var (
	fakeDomain = Text{Fa: "دامنه‌ی ایمیلش یک‌بارمصرف است", En: "its mail domain hands out throw-away addresses"}
	fakeNumber = Text{Fa: "شماره‌اش از آن کسی نیست", En: "its number is nobody's"}
	isOut      = Text{Fa: "بیرون از شمار: نگه داشته می‌شود، ولی امتیاز و نامه نمی‌گیرد", En: "excluded: kept, not scored, not written to, not counted"}
	isHeld     = Text{Fa: "نگه‌داشته: آنچه با این نشانی آمد امتیاز نمی‌گیرد", En: "held: what came with this address is not scored"}
)

// Aside says why a lead is set apart and what that means: excluded, or with an
// address that nobody reads; "" for everybody else. The addresses are normalized.
func (c *Compiled) Aside(kind ExclusionKind, email, phone, locale string) string {
	say := func(what, why Text) string { return what.In(locale) + " (" + why.In(locale) + ")" }
	if kind != NotExcluded {
		why, ok := asides[kind]
		if !ok {
			return isOut.In(locale)
		}
		return say(isOut, why)
	}
	switch c.Fake(email, phone) {
	case "":
		return ""
	case fakePhone:
		return say(isHeld, fakeNumber)
	}
	return say(isHeld, fakeDomain)
}
