package detect

// Mail, chat, telephony and social networks.
var messagingProviders = []provider{
	{name: "beamer_key", of: "Beamer", source: "Beamer: API keys", vendors: []string{"beamer"}, keyed: []string{"b_{url= 44}"}},
	{name: "brevo_key", of: "Brevo", source: "Brevo: API and SMTP keys", forms: []string{"xkeysib-{hex 64}-{alnum 16}", "xsmtpsib-{hex 64}-{alnum 16}"}},
	{name: "courier_key", of: "Courier", source: "Courier: API keys", forms: []string{"dk_prod_{upper 28}", "pk_prod_{upper 28}", "pk_test_{upper 28}"}},
	{
		name: "discord_token", of: "Discord", source: "Discord: bot tokens, client secrets and webhooks",
		forms: []string{"discord.com/api/webhooks/{digit 17-20}/{url 60-72}", "discordapp.com/api/webhooks/{digit 17-20}/{url 60-72}"}, words: []wordKey{{wordShape{from: 23, to: 28, first: "MNO"}, discordBot}},
		vendors: []string{"discord"}, keyed: []string{"{hex 64}", "{url 32}"},
		examples: examples{positive: []string{"«MTAyMzQ1Njc4OTAxMjM0NTY3.GhT7xQ." + "iAA0KPIxDjkMyKE9m9iMfw05QayguK6NIjuO45» ready"}, negative: []string{"MTAyMzQ1Njc4OTAxMjM0NTY3.GhT7xQ.short", "MTAyMzQ1Njc4OTAxMjM0NTY3.GhT7." + "KyBBoFsETyy926kMMqVtFqAbu8tF7sjEbhQN9C"}},
	},
	{name: "facebook_token", of: "Facebook", source: "Meta: access tokens", forms: []string{"EAA{alnum 100-400}"}, vendors: []string{"facebook", "fb"}, keyed: []string{"{hex 32}", "{digit 15-16}|{url 27}", "{digit 15-16}%7C{url 27}"}, names: []string{"facebook"}},
	{name: "freshdesk_key", of: "Freshdesk", source: "Freshworks: API keys", vendors: []string{"freshdesk", "freshservice"}, keyed: []string{"{alnum 20}"}},
	{name: "gitter_token", of: "Gitter", source: "Gitter: authentication", vendors: []string{"gitter"}, keyed: []string{"{url 40}"}},
	{name: "intercom_token", of: "Intercom", source: "Intercom: access tokens", vendors: []string{"intercom"}, keyed: []string{"{url= 60}", "{uuid}"}},
	{name: "klaviyo_key", of: "Klaviyo", source: "Klaviyo: private API keys", forms: []string{"pk_{hex 34}"}},
	{name: "linkedin_key", of: "LinkedIn", source: "LinkedIn: application credentials", vendors: []string{"linkedin", "linked in"}, keyed: []string{"{alnum 14}", "{alnum 16}", "WPL_AP1.{alnum 16}.{pad64 8}"}},
	{name: "mailchimp_key", of: "Mailchimp", source: "Mailchimp: API keys end in their data center", words: []wordKey{{wordShape{from: 32, to: 32}, dataCenterKey}}, examples: examples{positive: []string{"key «7914c0f87f17f849" + "9ff30499a90ebb41-us12» ok"}, negative: []string{"7914c0f87f17f849" + "9ff30499a90ebb41-us", "etag 7914c0f87f17f849" + "9ff30499a90ebb41-gz"}}},
	{name: "mailgun_key", of: "Mailgun", source: "Mailgun: API keys", forms: []string{"key-{hex 32}", "pubkey-{hex 32}"}, vendors: []string{"mailgun"}, keyed: []string{"{hex 32}-{hex 8}-{hex 8}", "{hex 32}"}},
	{name: "mailjet_key", of: "Mailjet", source: "Mailjet: API keys", vendors: []string{"mailjet", "mj"}, keyed: []string{"{hex 32}"}},
	{name: "mandrill_key", of: "Mandrill", source: "Mailchimp Transactional: API keys", forms: []string{"md-{url 22}"}},
	{name: "mattermost_token", of: "Mattermost", source: "Mattermost: personal access tokens", vendors: []string{"mattermost"}, keyed: []string{"{lower 26}"}},
	{name: "messagebird_key", of: "MessageBird", source: "MessageBird: API keys", vendors: []string{"messagebird", "message bird"}, keyed: []string{"{alnum 25}", "{UUID}"}, names: []string{"messagebird client id", "message bird client id"}},
	{name: "onesignal_key", of: "OneSignal", source: "OneSignal: API keys", forms: []string{"os_v2_app_{base32 90-110}", "os_v2_org_{base32 90-110}"}},
	{name: "postmark_token", of: "Postmark", source: "Postmark: server tokens", vendors: []string{"postmark"}, keyed: []string{"{uuid}"}},
	{name: "pusher_key", of: "Pusher", source: "Pusher: app credentials", vendors: []string{"pusher"}, keyed: []string{"{hex 20}"}},
	{name: "resend_key", of: "Resend", source: "Resend: API keys", forms: []string{"re_{alnum 8}_{alnum 24}"}},
	{name: "sendbird_key", of: "Sendbird", source: "Sendbird: API tokens", vendors: []string{"sendbird"}, keyed: []string{"{hex 40}", "{uuid}"}},
	{name: "sendgrid_key", of: "SendGrid", source: "Twilio SendGrid: API keys", forms: []string{"SG.{url 22}.{url 43}"}},
	{name: "sparkpost_key", of: "SparkPost", source: "SparkPost: API keys", vendors: []string{"sparkpost"}, keyed: []string{"{hex 40}"}},
	{name: "teams_webhook", class: "teams", of: "Microsoft Teams", source: "Microsoft Teams: incoming webhooks", forms: []string{"webhook.office.com/webhookb2/{alnum 8}-{alnum 4}-{alnum 4}-{alnum 4}-{alnum 12}@{alnum 8}-{alnum 4}-{alnum 4}-{alnum 4}-{alnum 12}/IncomingWebhook/{alnum 32}/{alnum 8}-{alnum 4}-{alnum 4}-{alnum 4}-{alnum 12}"}},
	{name: "telegram_token", of: "Telegram", source: "Telegram: bot tokens", vendors: []string{"telegram"}, keyed: []string{"{digit 5-16}:A{url 34}"}, names: []string{"telegram bot"}, strict: true, examples: examples{positive: []string{"bot «7283649501:AA" + "aqJDR6g4RImaBXZBMKST9OPE261yEzR2U» started", "/bot«728364950:AA" + "m5sD1Wet1aSXBLsPXE6tjkESJ4FvIjBLI»/sendMessage"}, negative: []string{"1728364950:AA short", "12:34:56:AA" + "ZdeUor0fYeQ8bvUBezSFdh1hoNP08hT5i"}}},
	{name: "twilio_key", of: "Twilio", source: "Twilio: API keys and auth tokens", words: []wordKey{{wordShape{from: 34, to: 34, first: "S"}, twilioKey}}, vendors: []string{"twilio"}, keyed: []string{"{hex 32}"}, examples: examples{positive: []string{"«SK" + "9e455d52613c2813c40d2affbb149497» used"}, negative: []string{"AC" + "8278947bec540a2123e7cefa30c14d73", "SK" + "2f64cb79abcc4b9db165c23115661ffg"}}},
	{name: "twitch_token", of: "Twitch", source: "Twitch: OAuth tokens", forms: []string{"oauth:{lower 30}"}, vendors: []string{"twitch"}, keyed: []string{"{lower 30}"}},
	{name: "twitter_key", of: "X, formerly Twitter", source: "X: API keys and tokens", forms: []string{"AAAAAAAAAAAAAAAAAAAAA{query 60-180}"}, vendors: []string{"twitter"}, keyed: []string{"{alnum 25}", "{alnum 45}", "{alnum 50}", "{digit 15-25}-{alnum 20-40}"}},
	{name: "vonage_key", of: "Vonage", source: "Vonage: API credentials", vendors: []string{"nexmo", "vonage"}, keyed: []string{"{hex 8}", "{alnum 16}"}},
	{name: "zendesk_key", of: "Zendesk", source: "Zendesk: API tokens", vendors: []string{"zendesk"}, keyed: []string{"{alnum 40}"}},
}

// discordBot verifies a token of a bot after its first word, the bot's id in base 64.
func discordBot(s string, start, end int) int {
	if byteAt(s, end) != '.' {
		return 0
	}
	set := alphabets["url"]
	middle := runOf(s, end+1, 8, set.has)
	if middle-end-1 != 6 || byteAt(s, middle) != '.' {
		return 0
	}
	stop := runOf(s, middle+1, 48, set.has)
	if n := stop - middle - 1; n < 27 || n > 40 || isWord(byteAt(s, stop)) || !hasDigit(s[start:end]) || entropy(s[start:stop]) < 3.5 {
		return 0
	}
	return stop
}

// dataCenterKey verifies 32 hexadecimal digits and the name of a data center: -us12.
func dataCenterKey(s string, start, end int) int {
	if byteAt(s, end) != '-' || byteAt(s, end+1) != 'u' || byteAt(s, end+2) != 's' || !isDigit(byteAt(s, end+3)) || runOf(s, start, 32, isHex) != end {
		return 0
	}
	stop := runOf(s, end+3, 2, isDigit)
	if isWord(byteAt(s, stop)) {
		return 0
	}
	return stop
}

// twilioKey verifies SK and 32 hexadecimal digits.
func twilioKey(s string, start, end int) int {
	if s[start+1] != 'K' || runOf(s, start+2, 32, alphabets["hex"].has) != end {
		return 0
	}
	return end
}

// telegramBot verifies the token of a bot around the colon at i: 123456789:AA and 33 characters.
func (t *text) telegramBot(i int) bool {
	if t.at(i+1) != 'A' || i == 0 || !isDigit(t.s[i-1]) {
		return false
	}
	start := i
	for start > 0 && i-start <= 10 && isDigit(t.s[start-1]) {
		start--
	}
	end := t.span(i+1, 36, alphabets["url"].has)
	if n := i - start; n < 8 || n > 10 || t.wordBefore(start) && !t.hasFold(start-len("/bot"), "/bot") || end-i-1 != 35 || entropy(t.s[i+1:end]) < 3 || isFiller(t.s[i:end]) {
		return false
	}
	t.add(telegramToken, start, end, 0.98)
	return true
}
