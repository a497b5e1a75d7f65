package source

import (
	"html"
	"strconv"
	"strings"
)

// wording is what the layout says in a language.
type wording struct {
	Dir, Align, Why, Preferences, Leave string
}

var words = map[string]wording{
	"fa": {Dir: "rtl", Align: "right", Why: "این نامه را می‌گیرید چون نشانی خود را به ما داده‌اید.", Preferences: "تنظیم نامه‌ها", Leave: "لغو اشتراک"},
	"en": {Dir: "ltr", Align: "left", Why: "You get this mail because you gave us your address.", Preferences: "Mail settings", Leave: "Unsubscribe"},
}

// layout sets the words of a mail into a page that mail clients show alike:
// one table, inline styles, direction on every cell because some clients drop
// it from the body, colors for dark mode where it is understood.
func layout(w wording, b Business, inner string, preferences, leave int) string {
	lang := "fa"
	if w.Dir == "ltr" {
		lang = "en"
	}
	r := strings.NewReplacer(
		"@lang", lang, "@dir", w.Dir, "@align", w.Align, "@inner", inner,
		"@business", html.EscapeString(b.Name), "@address", html.EscapeString(b.Address), "@why", w.Why,
		"@preferences", w.Preferences, "@leave", w.Leave,
		"@p", "{{ l"+strconv.Itoa(preferences)+" }}", "@u", "{{ l"+strconv.Itoa(leave)+" }}",
	)
	return r.Replace(page)
}

const page = `<!doctype html>
<html lang="@lang" dir="@dir">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>@business</title>
<style>
body,td,a{font-family:Vazirmatn,'Segoe UI',Tahoma,Arial,sans-serif}
@media (prefers-color-scheme:dark){
body,.ground{background-color:#14181b!important}
.sheet{background-color:#1e2428!important;color:#e8ecee!important}
.small,.small a{color:#9aa7ad!important}
.sheet a:not(.button){color:#6fd3ae!important}
}
@media (max-width:620px){.sheet{padding:24px 18px!important}}
</style>
</head>
<body style="margin:0;padding:0;background-color:#eef2f1" dir="@dir">
<div style="display:none;max-height:0;overflow:hidden">{{ preheader }}</div>
<table role="presentation" class="ground" width="100%" cellpadding="0" cellspacing="0" border="0" style="background-color:#eef2f1" dir="@dir">
<tr><td align="center" style="padding:24px 8px">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" style="width:100%;max-width:600px" dir="@dir">
<tr><td class="small" dir="@dir" align="@align" style="padding:0 8px 12px;color:#5b6a70;font-size:14px;font-weight:700">@business</td></tr>
<tr><td class="sheet" dir="@dir" align="@align" style="background-color:#ffffff;color:#1d2529;border-radius:12px;padding:32px 36px;font-size:16px;line-height:1.9;text-align:@align">
@inner</td></tr>
<tr><td class="small" dir="@dir" align="@align" style="padding:16px 8px;color:#5b6a70;font-size:12px;line-height:1.8;text-align:@align">
@why<br>@business — @address<br>
<a href="@p" style="color:#5b6a70">@preferences</a> · <a href="@u" style="color:#5b6a70">@leave</a>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`
