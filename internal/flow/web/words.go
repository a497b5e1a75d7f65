package web

// Say gives a wording of our own pages in a locale. What a business says about
// itself comes from its playbook, not from here.
func Say(locale, key string) string {
	fa, en := words(key)
	if locale == "en" {
		return en
	}
	return fa
}

func words(key string) (fa, en string) {
	switch key {
	case "thanks.title":
		return "سپاسگزاریم", "Thank you"
	case "thanks.text":
		return "پیام شما رسید.", "We have received your message."
	case "thanks.download":
		return "دریافت فایل", "Download"
	case "thanks.mail":
		return "همین پیوند را برایتان ایمیل هم می‌کنیم.", "We are also sending this link to you by e\u2011mail."
	case "leave.title":
		return "لغو دریافت ایمیل", "Unsubscribe"
	case "leave.ask":
		return "دیگر ایمیل‌های ما را نمی‌خواهید؟ با یک کلیک تمام می‌شود.", "You no longer want our e-mails? One click ends them."
	case "leave.button":
		return "دیگر ایمیل نفرستید", "Stop sending me e-mails"
	case "leave.other":
		return "یا شاید فقط کمتر، یا چند هفته دیرتر:", "Or perhaps only fewer, or some weeks later:"
	case "leave.prefer":
		return "تنظیم ایمیل‌ها", "Choose what you get"
	case "left.title":
		return "انجام شد", "Done"
	case "left.text":
		return "دیگر ایمیل تبلیغاتی از ما نمی‌گیرید.", "You will get no more marketing e-mails from us."
	case "confirm.title":
		return "تأیید نشانی ایمیل", "Confirm your e-mail address"
	case "confirm.ask":
		return "برای این که مطمئن شویم این نشانی از آن شماست، دکمه‌ی زیر را بزنید.", "Press the button, so that we know that this address is yours."
	case "confirm.button":
		return "بله، نشانی من است", "Yes, it is mine"
	case "confirmed.title":
		return "تأیید شد", "Confirmed"
	case "confirmed.text":
		return "سپاس. از این پس آنچه خواسته‌اید به این نشانی می‌رسد.", "Thank you. What you asked for will come to this address."
	case "prefer.title":
		return "تنظیم ایمیل‌ها", "Your e-mails"
	case "prefer.text":
		return "هر چه را نمی‌خواهید بردارید. تغییر همان لحظه برقرار می‌شود.", "Switch off what you do not want. It takes effect at once."
	case "prefer.what":
		return "چه چیزی و چند بار", "What, and how often"
	case "prefer.fewer":
		return "کمتر بفرستید (نصف)", "Fewer e-mails (half as many)"
	case "prefer.save":
		return "ذخیره", "Save"
	case "prefer.pause":
		return "مدتی نفرستید", "Not for a while"
	case "prefer.paused":
		return "ایمیل‌ها متوقف است تا", "E-mails are paused until"
	case "prefer.resume":
		return "دوباره بفرستید", "Send again"
	case "prefer.pausetext":
		return "سی روز چیزی نمی‌فرستیم و بعد ادامه می‌دهیم.", "We send nothing for thirty days, then go on."
	case "prefer.pausebutton":
		return "۳۰ روز توقف", "Pause for 30 days"
	case "prefer.texts":
		return "پیامک", "Text messages"
	case "prefer.textstext":
		return "پذیرفته‌اید که پیشنهادها را پیامک کنیم. لغو ایمیل آن را لغو نمی‌کند.", "You agreed to offers by text message. Leaving the e\u2011mails does not end them."
	case "prefer.textsbutton":
		return "دیگر پیامک نفرستید", "Stop the text messages"
	case "prefer.leave":
		return "هیچ ایمیلی نمی‌خواهم", "No e-mails at all"
	case "prefer.leavetext":
		return "همه‌ی ایمیل‌های تبلیغاتی تمام می‌شود.", "This ends all marketing e-mails."
	case "prefer.leavebutton":
		return "لغو دریافت", "Unsubscribe"
	case "did.save":
		return "ذخیره شد.", "Saved."
	case "did.pause":
		return "تا سی روز چیزی نمی‌فرستیم.", "We will send nothing for thirty days."
	case "did.resume":
		return "دوباره برایتان می‌فرستیم.", "You will get our e-mails again."
	case "did.texts":
		return "دیگر پیامک تبلیغاتی نمی‌فرستیم.", "We will send no more marketing text messages."
	case "error.400":
		return "فرم پذیرفته نشد", "The form was not accepted"
	case "error.404":
		return "این صفحه پیدا نشد", "This page was not found"
	case "error.404.text":
		return "شاید پیوند ناقص کپی شده یا دیگر معتبر نیست.", "The link may have been copied in part, or is no longer valid."
	case "error.405":
		return "این کار اینجا شدنی نیست", "That cannot be done here"
	case "error.410":
		return "مهلت این پیوند گذشته است", "This link has expired"
	case "error.413":
		return "متن از اندازه بزرگ‌تر است", "That is too much text"
	case "error.415":
		return "این قالب خوانده نمی‌شود", "This format is not read"
	case "error.429":
		return "کمی آهسته‌تر", "A little slower"
	case "error.429.text":
		return "درخواست‌های زیادی از این شبکه رسید. چند لحظه‌ی دیگر دوباره بفرستید.", "Many requests came from this network. Please send it again in a moment."
	case "error.503":
		return "همین حالا نمی‌شود", "Not right now"
	case "error.503.text":
		return "چیزی ثبت نشد. لطفاً چند لحظه‌ی دیگر دوباره بفرستید.", "Nothing was recorded. Please send it again in a moment."
	case "error.500":
		return "اینجا اشکالی پیش آمد", "Something went wrong here"
	case "error.token":
		return "مهلت این فرم گذشته است. صفحه را تازه کنید و دوباره بفرستید.", "This form has expired. Reload the page and send it again."
	case "error.return":
		return "نشانی بازگشت پذیرفته نیست.", "The address to return to is not allowed."
	case "error.back":
		return "با دکمه‌ی بازگشت مرورگر به فرم برگردید؛ نوشته‌هایتان می‌ماند.", "Go back with your browser; what you wrote stays."
	case "error.id":
		return "شناسه‌ی درخواست:", "Request id:"
	}
	return "", ""
}
