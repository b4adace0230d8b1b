package server

// localClasses are the classes whose values cannot be tried through: drawn from 60 random bits or more (keys, tokens,
// advertising ids, wallets), or free text of people's own making (addresses, names, what they log in with). The latter
// can be guessed by whoever has a list of candidates, such as a leaked list of mail addresses: a stolen grant tells
// which of them occur in its epoch, and docs/security.md says so. Passwords are not here: they are guessed from lists
// by trade. Sorted. A test in builder compares it with what the detector knows.
var localClasses = []string{
	"adafruit", "address", "adid", "adobe", "agekey", "airtable", "aiven", "algolia", "alibaba", "amplitude",
	"anthropic", "apify", "appveyor", "asana", "assemblyai", "atlassian", "auth", "authress", "authzero", "awskey",
	"awssecret", "axiom", "azure", "azuredevops", "azuresas", "azuresecret", "beamer", "bedrock", "binance",
	"bitbucket", "bittrex", "braintree", "brevo", "bugsnag", "buildkite", "cerebras", "checkly", "circleci",
	"clickhouse", "clickup", "clojars", "cloudflare", "cloudsmith", "cockroach", "codeberg", "codeclimate", "codecov",
	"cohere", "coinbase", "confluent", "contentful", "cookie", "courier", "crates", "databricks", "datadog", "daytona",
	"deepgram", "deepl", "deepseek", "definednet", "digitalocean", "discord", "dockerhub", "doppler", "drone",
	"dropbox", "duffel", "dynatrace", "easypost", "elastic", "elevenlabs", "email", "etsy", "etwob", "expo", "facebook",
	"fastly", "figma", "finicity", "firecrawl", "fireworks", "flutterwave", "flyio", "fortytwo", "frameio", "freshdesk",
	"gcpkey", "gitguardian", "github", "gitlab", "gitter", "gocardless", "googleoauth", "grafana", "groq", "harness",
	"heroku", "hetzner", "honeycomb", "hubspot", "huggingface", "ibm", "influxdb", "infracost", "inngest", "intercom",
	"ionic", "jenkins", "jfrog", "jina", "jwt", "klaviyo", "kraken", "kucoin", "langfuse", "langsmith", "launchdarkly",
	"lightstep", "linear", "linkedin", "linode", "lob", "loggly", "logzio", "looker", "mailchimp", "mailgun", "mailjet",
	"mandrill", "mapbox", "mattermost", "maxmind", "meraki", "messagebird", "midtrans", "mistral", "mixpanel", "mollie",
	"mongodb", "name", "neon", "netlify", "newrelic", "ngrok", "notion", "npm", "nuget", "nvidia", "octopus", "okta",
	"onepassword", "onesignal", "openai", "openrouter", "openshift", "opsgenie", "packagist", "paddle", "pagerduty",
	"percy", "perplexity", "pinecone", "plaid", "planetscale", "posthog", "postman", "postmark", "prefect", "privateai",
	"privkey", "pulumi", "pusher", "pypi", "railway", "rapidapi", "razorpay", "readme", "render", "replicate", "resend",
	"rollbar", "rootly", "rubygems", "runpod", "salesforce", "scaleway", "scalingo", "secret", "segment", "sendbird",
	"sendgrid", "sentry", "settlemint", "shippo", "shodan", "shopify", "sidekiq", "slack", "snyk", "sonar",
	"sourcegraph", "sparkpost", "splunk", "spotify", "square", "stripe", "stytch", "sumologic", "supabase", "tailscale",
	"tavily", "teams", "telegram", "tencent", "terraform", "tigris", "tinybird", "todoist", "together", "travis",
	"triggerdev", "twilio", "twitch", "twitter", "typeform", "ubidots", "upcloud", "upstash", "uptimerobot", "urlcred",
	"user", "vault", "vercel", "virustotal", "vonage", "voyage", "vultr", "wakatime", "wallet", "wandb", "webflow",
	"xai", "xata", "xendit", "yandex", "zendesk", "zuplo",
}
