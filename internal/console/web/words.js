// The words on the pages. docs/glossary.md is their home.
export const words = {
  fa: {
    skip: "رفتن به متن", nav: "بخش‌ها", brand: "سرنخ", leads: "سرنخ‌ها", work: "کار امروز", parked: "کنارگذاشته‌ها", lead: "سرنخ", score: "امتیاز", band: "گرما", grade: "رتبه", stage: "مرحله", why: "چرا اکنون",
    last: "آخرین بار", line: "از چه", points: "امتیاز", sum: "جمع", adds: "امتیاز از کجا آمده", limit: "سقف", days: "روز", fit: "تناسب", engagement: "رفتار", manual: "دستی", who: "مشخصات", raise: "چه چیزی بالا می‌برد",
    mail: "نامه‌ها", consented: "اجازه داده است", noConsent: "اجازه‌ی تبلیغ نداده است", suppressed: "به این نشانی نامه نمی‌رود", salesTalking: "فروش در حال گفتگوست", held: "می‌ماند", ended: "تمام شد", unknown: "سرنوشت نامعلوم",
    recent: "تازه‌ترین کارها", what: "چه", when: "کی", machine: "(کار ماشین؛ بی‌امتیاز)", next: "با گذر زمان، از", until: "تا", phone: "تلفن", source: "از کجا", reason: "دلیل", noName: "بی‌نام", moved: "یکی شده با", done: "ثبت شد", again: "دوباره",
    more: "سرنخ‌های بیشتری هم هست.", signIn: "دوباره وارد شوید.", noPlaybook: "هنوز کتابچه‌ای منتشر نشده است: sarnakh publish playbook/",
    asOf: "کارت روز", hindsight: "با دانسته‌های امروز", shownThen: "همان‌گونه که آن روز دیده می‌شد.", knownNow: "آنچه امروز از آن روز می‌دانیم.", today: "امروز",
    noLeads: "هنوز سرنخی نیست.", noLeadsNext: "صفحه‌ی فرود نمونه را باز کنید و فرم را بفرستید؛ چند ثانیه بعد این‌جاست.", noWork: "کاری نمانده است.", noWorkNext: "وقتی سرنخی داغ شود یا تماس بخواهد، این‌جا می‌آید.", noParked: "امروز چیزی کنار گذاشته نشده است.",
    "kind.cap": "سقف", "kind.group limit": "سقف گروه", "kind.engagement limit": "سقف رفتار", "kind.fit limit": "سقف تناسب", "kind.funnel": "جایگاه در قیف", "kind.manual": "دستی",
    decided: "تصمیم‌ها", quiet: "(بی‌خبر)", forever: "همیشه", record: "ثبت", "act.lead.adjusted": "امتیاز دستی بدهید", "adjust.points": "چند امتیاز", "adjust.why": "چرا", "adjust.until": "تا کی",
    "act.lead.taken": "برمی‌دارم", "act.call.answered": "جواب داد", "act.call.missed": "جواب نداد", "reason.fastlane": "خودش خواسته؛ همین حالا زنگ بزنید", "reason.handover": "داغ شده است", "reason.task": "تماس",
    "type.page.viewed": "صفحه‌ای را دید", "type.cta.seen": "دکمه‌ای را دید", "type.cta.clicked": "دکمه‌ای را زد", "type.form.seen": "فرم را دید", "type.form.started": "فرم را آغاز کرد", "type.form.posted": "فرم فرستاد",
    "type.file.downloaded": "فایل گرفت", "type.mail.sent": "نامه‌ای برایش رفت", "type.mail.clicked": "در نامه کلیک کرد", "type.mail.opened": "نامه را باز کرد", "type.mail.replied": "پاسخ داد", "type.mail.bounced": "نامه برگشت خورد",
    "type.mail.complained": "نامه را هرزنامه خواند", "type.mail.unsubscribed": "لغو اشتراک کرد", "type.call.answered": "تماس را پاسخ داد", "type.call.missed": "تماس را پاسخ نداد", "type.call.requested": "خواست تماس بگیریم", "type.call.price_asked": "زنگ زد و قیمت پرسید",
    "type.call.refused": "گفت دیگر تماس نگیرید", "type.social.shared": "هم‌رسانی کرد", "type.social.asked": "در شبکه‌ها پرسید", "type.ad.clicked": "روی تبلیغ کلیک کرد", "type.webinar.signed_up": "در وبینار نام نوشت", "type.webinar.attended": "در وبینار بود",
    "type.stand.visited": "به غرفه آمد", "type.trial.started": "آزمایش را آغاز کرد", "type.product.logged_in": "وارد محصول شد", "type.product.invited": "همکار را دعوت کرد", "type.product.imported": "داده وارد کرد", "type.product.active": "با محصول کار کرد",
    "type.deal.opened": "فرصت باز شد", "type.deal.won": "خرید", "type.deal.lost": "نخرید", "type.profile.changed": "مشخصات تغییر کرد", "type.consent.changed": "اجازه تغییر کرد", "type.lead.taken": "فروش برداشت",
    "type.lead.accepted": "فروش پذیرفت", "type.lead.returned": "برگشت به پرورش", "type.lead.adjusted": "امتیاز دستی", "type.activity.revoked": "کاری پس گرفته شد", "type.leads.merged": "با سرنخ دیگری یکی شد",
  },
  en: {
    skip: "Skip to content", nav: "Rooms", brand: "Sarnakh", leads: "Leads", work: "Today's work", parked: "Set aside", lead: "Lead", score: "Score", band: "Warmth", grade: "Grade", stage: "Stage", why: "Why now",
    last: "Last", line: "What for", points: "Points", sum: "Sum", adds: "How the score adds up", limit: "limit", days: "days", fit: "fit", engagement: "engagement", manual: "manual", who: "Who", raise: "What would raise it",
    mail: "Mail", consented: "Gave consent", noConsent: "No consent to marketing", suppressed: "No mail goes to this address", salesTalking: "sales is talking", held: "held", ended: "ended", unknown: "fate unknown",
    recent: "Latest activity", what: "What", when: "When", machine: "(a machine; no points)", next: "By time alone, from", until: "by", phone: "Phone", source: "Source", reason: "Reason", noName: "No name yet", moved: "Joined with", done: "Recorded", again: "Try again",
    more: "There are more leads.", signIn: "Please sign in again.", noPlaybook: "No playbook is published yet: sarnakh publish playbook/",
    asOf: "Card of", hindsight: "with hindsight", shownThen: "As it was shown that day.", knownNow: "What is known today about that day.", today: "Today",
    noLeads: "No leads yet.", noLeadsNext: "Open the sample landing page and post its form; seconds later it is here.", noWork: "Nothing left to do.", noWorkNext: "A lead that becomes hot, or asks for a call, appears here.", noParked: "Nothing was set aside today.",
    "kind.cap": "cap", "kind.group limit": "group limit", "kind.engagement limit": "engagement limit", "kind.fit limit": "fit limit", "kind.funnel": "funnel", "kind.manual": "manual",
    decided: "Decisions", quiet: "(quiet)", forever: "for ever", record: "Record", "act.lead.adjusted": "Give points by hand", "adjust.points": "How many", "adjust.why": "Why", "adjust.until": "Until",
    "act.lead.taken": "Take", "act.call.answered": "Answered", "act.call.missed": "No answer", "reason.fastlane": "Asked for it: call now", "reason.handover": "Became hot", "reason.task": "Call",
    "type.page.viewed": "Viewed a page", "type.cta.seen": "Saw a button", "type.cta.clicked": "Pressed a button", "type.form.seen": "Saw the form", "type.form.started": "Began the form", "type.form.posted": "Sent a form",
    "type.file.downloaded": "Took a file", "type.mail.sent": "Was sent a mail", "type.mail.clicked": "Clicked in a mail", "type.mail.opened": "Opened a mail", "type.mail.replied": "Replied", "type.mail.bounced": "A mail bounced",
    "type.mail.complained": "Called a mail spam", "type.mail.unsubscribed": "Unsubscribed", "type.call.answered": "Answered a call", "type.call.missed": "Missed a call", "type.call.requested": "Asked for a call", "type.call.price_asked": "Called about the price",
    "type.call.refused": "Asked not to be called", "type.social.shared": "Shared a post", "type.social.asked": "Asked on social media", "type.ad.clicked": "Clicked on an ad", "type.webinar.signed_up": "Signed up for a webinar", "type.webinar.attended": "Was in a webinar",
    "type.stand.visited": "Visited the stand", "type.trial.started": "Started the trial", "type.product.logged_in": "Logged in", "type.product.invited": "Invited a colleague", "type.product.imported": "Imported data", "type.product.active": "Used the product",
    "type.deal.opened": "A deal was opened", "type.deal.won": "Bought", "type.deal.lost": "Did not buy", "type.profile.changed": "Profile changed", "type.consent.changed": "Consent changed", "type.lead.taken": "Sales took the lead",
    "type.lead.accepted": "Sales accepted", "type.lead.returned": "Back to nurture", "type.lead.adjusted": "Points by hand", "type.activity.revoked": "Evidence was withdrawn", "type.leads.merged": "Joined with another lead",
  },
};

// reasons are the rules by which a mail waits or a track ended, as the API says
// them, and their words in Persian.
const reasons = [
  [/^finished$/, "به پایان رسید"], [/^goal reached$/, "به هدف رسید"], [/^no consent$/, "بی‌اجازه"], [/^weekend$/, "روز تعطیل هفته"], [/^quiet hours$/, "بیرون از ساعت کار"],
  [/^holiday (.*)$/, "تعطیل رسمی"], [/^(\d+) hours between two mails$/, "دست‌کم $1 ساعت میان دو نامه"], [/^at most (\d+) mails in (\d+) days$/, "حداکثر $1 نامه در $2 روز"],
  [/^paused by the person$/, "به خواست خودش"], [/^sales is talking with this person$/, "فروش در حال گفتگوست"], [/^the mail service asked to wait$/, "سرویس نامه خواست صبر کنیم"],
  [/^refused by the mail service$/, "سرویس نامه نپذیرفت"], [/^(stage|form|signal|band|activity|total|lost|person|reason) ?(.*)$/, "چون پیش‌تر رفت"],
  [/^revoked ?(.*)$/, "پایه‌اش درست نبود"],
];

export function reason(text, locale) {
  if (locale !== "fa" || !text) return text?.replace(/^(stage|form|signal|band|activity|total|lost|person|reason)\b.*$/, "went further");
  for (const [pattern, words] of reasons) {
    if (pattern.test(text)) return text.replace(pattern, words).replace(/\d/g, (d) => "۰۱۲۳۴۵۶۷۸۹"[d]);
  }
  return text;
}
