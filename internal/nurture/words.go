package nurture

import (
	"regexp"
	"strings"

	"github.com/sarnakh/sarnakh/internal/persian"
)

// Titles gives the title of something of the playbook that a reason names: kind
// is signal, stage, band, form, audience, topic, track or attribute.
type Titles func(kind, name string) string

// Say puts a stored reason into words: why a mail waits, was skipped, failed or
// why a track ended. A reason is a code with what belongs to it after colons;
// items of the first release hold English sentences, which are read too. What
// nobody knows is said as it is.
func Say(reason, locale string, title Titles) string {
	code := reason
	for _, s := range sentences {
		if s.pattern.MatchString(reason) {
			code = s.pattern.ReplaceAllString(reason, s.code)
			break
		}
	}
	name, rest, _ := strings.Cut(code, ":")
	args := strings.Split(rest, ":")
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	named := func(kind, name string) string {
		if title != nil && kind != "" && kind != "cause" && name != "" {
			return title(kind, name)
		}
		return name
	}
	w, ok := reasonWords[name]
	if !ok {
		return reason
	}
	text := w.In(locale)
	kind := w.kind
	if kind == "*" { // the first argument says of what kind the second is
		text = strings.ReplaceAll(text, "$by", byWords[arg(0)].In(locale))
		kind, args = arg(0), args[1:]
	}
	if cause, ok := causes[arg(0)]; ok && kind == "cause" {
		text = strings.ReplaceAll(text, "$1", cause.In(locale))
	}
	for i, mark := range []string{"$1", "$2"} {
		v := arg(i)
		if i == 0 {
			v = named(kind, v)
		}
		text = strings.ReplaceAll(text, mark, v)
	}
	text = strings.TrimRight(strings.ReplaceAll(strings.ReplaceAll(text, " «»", ""), " “”", ""), ": ")
	if locale != "en" {
		text = persian.Digits(text)
	}
	return text
}

type wording struct {
	Text
	kind string // of what the first argument names
}

// reasonWords are the codes in words; $1 and $2 are what belongs to them.
var reasonWords = map[string]wording{
	"sales":     {Text{Fa: "فروش در حال گفتگوست", En: "sales is talking with this person"}, ""},
	"paused":    {Text{Fa: "به خواست خودش", En: "paused by the person"}, ""},
	"gap":       {Text{Fa: "دست‌کم $1 ساعت میان دو نامه", En: "at least $1 hours between two messages"}, ""},
	"cap":       {Text{Fa: "حداکثر $1 نامه در $2 روز", En: "at most $1 messages in $2 days"}, ""},
	"holiday":   {Text{Fa: "تعطیل رسمی", En: "a holiday"}, ""},
	"weekend":   {Text{Fa: "روز تعطیل هفته", En: "the weekend"}, ""},
	"quiet":     {Text{Fa: "بیرون از ساعت کار", En: "outside the hours"}, ""},
	"awaits":    {Text{Fa: "در انتظار $by «$1»", En: "waits for $by “$1”"}, "*"},
	"date":      {Text{Fa: "در انتظار تاریخ «$1»", En: "waits for the date “$1”"}, "attribute"},
	"throttled": {Text{Fa: "سرویس نامه خواست صبر کنیم", En: "the mail service asked to wait"}, ""},
	"brake":     {Text{Fa: "ترمز ارسال کشیده است", En: "sending is stopped by its brake"}, ""},
	"rate":      {Text{Fa: "نوبت ارسالش نرسیده", En: "waits for its turn at the rate"}, ""},

	"not_seen":   {Text{Fa: "دیده نشد: $1", En: "not seen: $1"}, "signal"},
	"seen":       {Text{Fa: "پیش‌تر دیده شد: $1", En: "seen already: $1"}, "signal"},
	"not_in":     {Text{Fa: "در گروه «$1» نیست", En: "is not in the audience “$1”"}, "audience"},
	"no_mobile":  {Text{Fa: "موبایلش را نداریم", En: "no mobile is known"}, ""},
	"no_email":   {Text{Fa: "ایمیلش را نداریم", En: "no e-mail address is known"}, ""},
	"nobody":     {Text{Fa: "نشانی ندارد", En: "nobody to write to"}, ""},
	"suppressed": {Text{Fa: "به این نشانی نامه نمی‌رود: $1", En: "no mail goes to this address: $1"}, "cause"},
	"no_consent": {Text{Fa: "بی‌اجازه", En: "no consent"}, ""},
	"topic_off":  {Text{Fa: "موضوع را نخواسته است «$1»", En: "the topic is switched off “$1”"}, "topic"},
	"held_out":   {Text{Fa: "در گروه مقایسه: نامه نمی‌گیرد", En: "held out, to compare"}, ""},
	"erased":     {Text{Fa: "پاک شده است", En: "erased"}, ""},
	"inside":     {Text{Fa: "درون آن است", En: "is inside already"}, ""},
	"once":       {Text{Fa: "یک بار بوده است", En: "was inside once, and only once"}, ""},
	"too_early":  {Text{Fa: "برای ورود دوباره زود است", En: "too early to enter again"}, ""},

	"finished":   {Text{Fa: "به پایان رسید", En: "came to its end"}, ""},
	"exhausted":  {Text{Fa: "گام‌ها تمام شد و به هدف نرسید", En: "no step is left and the goal was not reached"}, ""},
	"goal":       {Text{Fa: "به هدف رسید: $by «$1»", En: "reached its goal: $by “$1”"}, "*"},
	"ended":      {Text{Fa: "کنار رفت: $by «$1»", En: "left: $by “$1”"}, "*"},
	"too_long":   {Text{Fa: "از $1 روز گذشت", En: "longer than $1 days"}, ""},
	"track_gone": {Text{Fa: "این مسیر دیگر در دفترچه نیست", En: "the track left the playbook"}, ""},
	"cancelled":  {Text{Fa: "ارسال گروهی لغو شد", En: "the broadcast was cancelled"}, ""},
	"moved":      {Text{Fa: "با سرنخ دیگری یکی شد", En: "became part of another lead"}, ""},

	"no_evidence": {Text{Fa: "سرنوشتش نامعلوم است و دوباره فرستاده نمی‌شود", En: "its fate is unknown: not repeated"}, ""},
	"resent":      {Text{Fa: "یک بار دیگر فرستاده شد", En: "sent once more"}, ""},
	"withdrawn":   {Text{Fa: "پیش از رفتن، اجازه پس گرفته شد", En: "the person left before it went out"}, ""},
	"no_receiver": {Text{Fa: "وب‌هوکی نیست که آن را ببرد", En: "no webhook takes it"}, ""},
	"too_late":    {Text{Fa: "به‌موقع تحویل نشد", En: "could not be handed over in time"}, ""},
	"refused":     {Text{Fa: "سرویس نامه نپذیرفت", En: "refused by the mail service"}, ""},
	"unwritten":   {Text{Fa: "نامه نوشته نشد", En: "the mail could not be written"}, ""},
	"due":         {Text{Fa: "نوبتش رسیده", En: "due"}, ""},
}

// byWords name the kinds of what a track waits for or ends with.
var byWords = map[string]Text{
	"signal": {Fa: "نشانه‌ی", En: "the signal"}, "stage": {Fa: "مرحله‌ی", En: "the stage"}, "band": {Fa: "دسته‌ی", En: "the band"},
	"form": {Fa: "فرم", En: "the form"}, "audience": {Fa: "گروه", En: "the audience"}, "activity": {Fa: "رویداد", En: "the activity"},
	"lost": {Fa: "معامله از دست رفت:", En: "a deal was lost:"}, "silent": {Fa: "سکوت", En: "silence"}, "person": {Fa: "به دست", En: "by"},
	"total": {Fa: "امتیاز", En: "the score"}, "reply": {Fa: "پاسخ داد", En: "a reply"}, "reason": {Fa: "دلیل", En: "the reason"},
}

// causes are why an address may not be written to.
var causes = map[string]Text{
	"bounce": {Fa: "برگشت خورد", En: "it bounced"}, "complaint": {Fa: "شکایت کرد", En: "a complaint"}, "manual": {Fa: "به دست یکی از ما", En: "by hand"},
	"import": {Fa: "از فهرستی که آوردید", En: "imported"}, "unsubscribe": {Fa: "انصراف داد", En: "unsubscribed"},
}

// sentences are the reasons of the first release.
var sentences = func() (out []sentence) {
	for _, s := range [][2]string{
		{`sales is talking with this person`, "sales"}, {`paused by the person`, "paused"}, {`(\d+) hours between two mails`, "gap:$1"},
		{`at most (\d+) mails in (\d+) days`, "cap:$1:$2"}, {`holiday (\S+)`, "holiday:$1"}, {`quiet hours`, "quiet"}, {`waits for (\w+)`, "date:$1"},
		{`the mail service asked to wait`, "throttled"}, {`not seen: (.*)`, "not_seen:$1"}, {`seen already: (.*)`, "seen:$1"}, {`no mobile known`, "no_mobile"},
		{`no e-mail address`, "no_email"}, {`address suppressed: (.*)`, "suppressed:$1"}, {`no consent`, "no_consent"}, {`topic switched off`, "topic_off"},
		{`goal reached`, "goal"}, {`no such track`, "track_gone"}, {`joined to another lead`, "moved"}, {`the track left the playbook`, "track_gone"}, {`the broadcast was cancelled`, "cancelled"}, {`refused by the mail service`, "refused"},
		{`the mail could not be written`, "unwritten"}, {`nobody to write to`, "nobody"}, {`already inside`, "inside"}, {`once for ever`, "once"},
		{`re-entry too early`, "too_early"}, {`became part of another lead`, "moved"}, {`no answer and no evidence: not repeated`, "no_evidence"},
		{`(stage|form|signal|band|activity|total|lost|person|reason|silent|audience) ?(.*)`, "ended:$1:$2"},
	} {
		out = append(out, sentence{regexp.MustCompile(`^` + s[0] + `$`), s[1]})
	}
	return out
}()

type sentence struct {
	pattern *regexp.Regexp
	code    string
}
