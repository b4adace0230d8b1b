package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// provider is the key of one service: {62:32} draws 32 characters of an alphabet; a form without a prefix of its own is
// told by its key only.
type provider struct {
	name string
	key  string
	form string
}

// alphabets of forms, by the name in braces.
var alphabets = map[string]string{
	"d": digits, "hex": hexes, "HEX": "0123456789ABCDEF", "a": lower, "A": upper, "36": lower + digits, "A36": upper + digits, "62": base62, "64": base64s, "64u": base64u,
	"32": lower + "234567", "A32": upper + "234567", "bech32": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", "58": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
}

// expand draws a key of a form.
func expand(r *dice, form string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(form, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		spec, after, _ := strings.Cut(rest, "}")
		name, count, _ := strings.Cut(spec, ":")
		n, err := strconv.Atoi(count)
		switch {
		case name == "uuid":
			b.WriteString(uuid(r))
		case err != nil || alphabets[name] == "":
			panic(fmt.Sprintf("form %q: %q", form, spec))
		default:
			b.WriteString(chars(r, alphabets[name], n))
		}
		form = after
	}
}

// Forms as the services document them, or as the secret scanning lists of GitHub and GitLab name them.
var providers = []provider{
	{"1password", "OP_SERVICE_ACCOUNT_TOKEN", "ops_eyJ{64:300}"},
	{"adafruit", "ADAFRUIT_IO_KEY", "aio_{62:28}"},
	{"adobe", "ADOBE_CLIENT_SECRET", "p8e-{36:32}"},
	{"age", "AGE_SECRET_KEY", "AGE-SECRET-KEY-1{bech32:58}"},
	{"airtable", "AIRTABLE_PAT", "pat{62:14}.{hex:64}"},
	{"algolia", "ALGOLIA_ADMIN_KEY", "{hex:32}"},
	{"alibaba", "ALIBABA_ACCESS_KEY_ID", "LTAI5t{62:18}"},
	{"anthropic", "ANTHROPIC_API_KEY", "sk-ant-api03-{64u:93}AA"},
	{"artifactory", "ARTIFACTORY_API_KEY", "AKCp{62:69}"},
	{"asana", "ASANA_PAT", "1/{d:16}:{hex:32}"},
	{"atlassian", "ATLASSIAN_API_TOKEN", "ATATT3xFfGF0{64u:172}={HEX:8}"},
	{"auth0", "AUTH0_CLIENT_SECRET", "{64u:64}"},
	{"authress", "AUTHRESS_KEY", "sc_{36:10}.{36:4}.acc_{36:16}.{64u:60}"},
	{"azure_ad", "AZURE_CLIENT_SECRET", "{62:3}8Q~{62:34}"},
	{"azure_storage", "AZURE_STORAGE_KEY", "{64:86}=="},
	{"beamer", "BEAMER_API_KEY", "b_{36:44}"},
	{"bitbucket", "BITBUCKET_APP_PASSWORD", "ATBB{62:24}{HEX:8}"},
	{"bittrex", "BITTREX_SECRET", "{36:32}"},
	{"brevo", "BREVO_API_KEY", "xkeysib-{hex:64}-{62:16}"},
	{"buildkite", "BUILDKITE_AGENT_TOKEN", "bkua_{hex:40}"},
	{"cerebras", "CEREBRAS_API_KEY", "csk-{36:48}"},
	{"circleci", "CIRCLECI_TOKEN", "CCIPAT_{62:22}_{hex:40}"},
	{"clickhouse", "CLICKHOUSE_CLOUD_SECRET", "4b1d{62:38}"},
	{"clojars", "CLOJARS_PASSWORD", "CLOJARS_{36:60}"},
	{"cloudflare", "CLOUDFLARE_API_KEY", "{hex:37}"},
	{"cloudflare_origin", "CLOUDFLARE_ORIGIN_CA_KEY", "v1.0-{hex:24}-{hex:146}"},
	{"codecov", "CODECOV_TOKEN", "{36:32}"},
	{"cohere", "COHERE_API_KEY", "{62:40}"},
	{"confluent", "CONFLUENT_API_SECRET", "{62:64}"},
	{"contentful", "CONTENTFUL_TOKEN", "CFPAT-{64u:43}"},
	{"crates_io", "CARGO_REGISTRY_TOKEN", "cio{62:32}"},
	{"databricks", "DATABRICKS_TOKEN", "dapi{hex:32}"},
	{"datadog", "DD_API_KEY", "{hex:32}"},
	{"datadog_app", "DD_APPLICATION_KEY", "{hex:40}"},
	{"definednetworking", "DNKEY", "dnkey-{36:26}-{36:52}"},
	{"digitalocean", "DIGITALOCEAN_TOKEN", "dop_v1_{hex:64}"},
	{"digitalocean_oauth", "DIGITALOCEAN_OAUTH_TOKEN", "doo_v1_{hex:64}"},
	{"digitalocean_refresh", "DIGITALOCEAN_REFRESH_TOKEN", "dor_v1_{hex:64}"},
	{"discord", "DISCORD_BOT_TOKEN", "MTA{62:23}.G{62:5}.{64u:38}"},
	{"dockerhub", "DOCKERHUB_TOKEN", "dckr_pat_{64u:27}"},
	{"doppler", "DOPPLER_TOKEN", "dp.pt.{62:43}"},
	{"doppler_service", "DOPPLER_SERVICE_TOKEN", "dp.st.prod.{62:43}"},
	{"dropbox", "DROPBOX_TOKEN", "sl.u.{64u:140}"},
	{"duffel", "DUFFEL_TOKEN", "duffel_live_{64u:43}"},
	{"dynatrace", "DT_API_TOKEN", "dt0c01.{A32:24}.{A32:64}"},
	{"easypost", "EASYPOST_API_KEY", "EZAK{62:54}"},
	{"elastic", "ELASTIC_API_KEY", "{64:58}=="},
	{"facebook", "FACEBOOK_ACCESS_TOKEN", "EAAG{62:180}"},
	{"fastly", "FASTLY_API_TOKEN", "{64u:32}"},
	{"figma", "FIGMA_TOKEN", "figd_{64u:40}"},
	{"flutterwave", "FLUTTERWAVE_SECRET_KEY", "FLWSECK_TEST-{hex:32}-X"},
	{"flyio", "FLY_API_TOKEN", "FlyV1 fm2_{64:200}"},
	{"frameio", "FRAMEIO_TOKEN", "fio-u-{64u:64}"},
	{"gitlab", "GITLAB_TOKEN", "glpat-{64u:20}"},
	{"gitlab_deploy", "GITLAB_DEPLOY_TOKEN", "gldt-{64u:20}"},
	{"gitlab_runner", "GITLAB_RUNNER_TOKEN", "glrt-{64u:20}"},
	{"gitlab_trigger", "GITLAB_TRIGGER_TOKEN", "glptt-{hex:40}"},
	{"gocardless", "GOCARDLESS_TOKEN", "live_{64u:40}"},
	{"google_oauth", "GOOGLE_CLIENT_SECRET", "GOCSPX-{64u:28}"},
	{"google_refresh", "GOOGLE_REFRESH_TOKEN", "1//0g{64u:98}"},
	{"grafana_cloud", "GRAFANA_CLOUD_TOKEN", "glc_eyJ{62:120}"},
	{"grafana_service", "GRAFANA_SA_TOKEN", "glsa_{62:32}_{hex:8}"},
	{"groq", "GROQ_API_KEY", "gsk_{62:52}"},
	{"harness", "HARNESS_API_KEY", "pat.{64u:22}.{hex:24}.{62:20}"},
	{"hashicorp_tf", "TF_API_TOKEN", "{62:14}.atlasv1.{64u:67}"},
	{"heroku", "HEROKU_API_KEY", "HRKU-AA{64u:58}"},
	{"honeycomb", "HONEYCOMB_API_KEY", "hcaik_01{36:56}"},
	{"hubspot", "HUBSPOT_TOKEN", "pat-na1-{uuid:1}"},
	{"huggingface", "HF_TOKEN", "hf_{62:34}"},
	{"infracost", "INFRACOST_API_KEY", "ico-{62:32}"},
	{"intercom", "INTERCOM_TOKEN", "dG9rOm{64:52}="},
	{"ionic", "IONIC_TOKEN", "ion_{62:42}"},
	{"jfrog", "JFROG_IDENTITY_TOKEN", "cmVmdGtuOjAxOj{62:50}"},
	{"kraken", "KRAKEN_API_SECRET", "{64:86}=="},
	{"langfuse", "LANGFUSE_SECRET_KEY", "sk-lf-{uuid:1}"},
	{"langsmith", "LANGSMITH_API_KEY", "lsv2_pt_{hex:32}_{hex:10}"},
	{"launchdarkly", "LAUNCHDARKLY_SDK_KEY", "sdk-{uuid:1}"},
	{"linear", "LINEAR_API_KEY", "lin_api_{62:40}"},
	{"lob", "LOB_API_KEY", "live_{hex:35}"},
	{"mailchimp", "MAILCHIMP_API_KEY", "{hex:32}-us12"},
	{"mailgun", "MAILGUN_API_KEY", "key-{hex:32}"},
	{"mapbox", "MAPBOX_SECRET_TOKEN", "sk.eyJ1Ijoi{62:60}.{64u:22}"},
	{"maxmind", "MAXMIND_LICENSE_KEY", "{62:6}_{62:29}_mmk"},
	{"mercury", "MERCURY_TOKEN", "secret-token:mercury_production_wma_{62:40}_yrucrem"},
	{"messagebird", "MESSAGEBIRD_ACCESS_KEY", "{62:25}"},
	{"microsoft_teams", "TEAMS_WEBHOOK_SECRET", "{64:43}="},
	{"neon", "NEON_API_KEY", "napi_{36:64}"},
	{"netlify", "NETLIFY_TOKEN", "nfp_{62:36}"},
	{"newrelic_user", "NEW_RELIC_USER_KEY", "NRAK-{A36:27}"},
	{"newrelic_insert", "NEW_RELIC_INSERT_KEY", "NRII-{64u:32}"},
	{"newrelic_license", "NEW_RELIC_LICENSE_KEY", "{hex:36}NRAL"},
	{"notion", "NOTION_TOKEN", "ntn_{d:11}{62:35}"},
	{"npm", "NPM_TOKEN", "npm_{62:36}"},
	{"nuget", "NUGET_API_KEY", "oy2{36:43}"},
	{"nvidia", "NVIDIA_API_KEY", "nvapi-{64u:64}"},
	{"okta", "OKTA_API_TOKEN", "00{64u:40}"},
	{"openai", "OPENAI_API_KEY", "sk-proj-{64u:74}T3BlbkFJ{64u:74}"},
	{"openai_legacy", "OPENAI_KEY", "sk-{62:20}T3BlbkFJ{62:20}"},
	{"openrouter", "OPENROUTER_API_KEY", "sk-or-v1-{hex:64}"},
	{"pagerduty", "PAGERDUTY_TOKEN", "u+{64u:18}"},
	{"perplexity", "PERPLEXITY_API_KEY", "pplx-{62:48}"},
	{"pinecone", "PINECONE_API_KEY", "pcsk_{62:6}_{62:63}"},
	{"plaid", "PLAID_SECRET", "{hex:30}"},
	{"planetscale", "PLANETSCALE_PASSWORD", "pscale_pw_{64u:43}"},
	{"planetscale_token", "PLANETSCALE_TOKEN", "pscale_tkn_{64u:43}"},
	{"posthog", "POSTHOG_PERSONAL_KEY", "phx_{62:43}"},
	{"postman", "POSTMAN_API_KEY", "PMAK-{hex:24}-{hex:34}"},
	{"prefect", "PREFECT_API_KEY", "pnu_{62:36}"},
	{"pulumi", "PULUMI_ACCESS_TOKEN", "pul-{hex:40}"},
	{"pypi", "PYPI_TOKEN", "pypi-AgEIcHlwaS5vcmc{64u:140}"},
	{"rapidapi", "RAPIDAPI_KEY", "{36:10}msh{36:15}p1{36:6}jsn{36:12}"},
	{"razorpay", "RAZORPAY_KEY_SECRET", "{62:24}"},
	{"readme", "README_API_KEY", "rdme_{36:70}"},
	{"replicate", "REPLICATE_API_TOKEN", "r8_{62:37}"},
	{"resend", "RESEND_API_KEY", "re_{62:8}_{62:24}"},
	{"rubygems", "GEM_HOST_API_KEY", "rubygems_{hex:48}"},
	{"sendgrid", "SENDGRID_API_KEY", "SG.{64u:22}.{64u:43}"},
	{"sentry_org", "SENTRY_AUTH_TOKEN", "sntrys_eyJ{62:120}_{64:43}"},
	{"sentry_user", "SENTRY_USER_TOKEN", "sntryu_{hex:64}"},
	{"shippo", "SHIPPO_TOKEN", "shippo_live_{hex:40}"},
	{"shopify", "SHOPIFY_ACCESS_TOKEN", "shpat_{hex:32}"},
	{"shopify_secret", "SHOPIFY_SHARED_SECRET", "shpss_{hex:32}"},
	{"snyk", "SNYK_TOKEN", "{uuid:1}"},
	{"sonar", "SONAR_TOKEN", "sqp_{hex:40}"},
	{"sonar_user", "SONAR_USER_TOKEN", "squ_{hex:40}"},
	{"sourcegraph", "SRC_ACCESS_TOKEN", "sgp_{hex:40}"},
	{"square", "SQUARE_ACCESS_TOKEN", "EAAA{64u:60}"},
	{"square_secret", "SQUARE_SECRET", "sq0csp-{64u:43}"},
	{"sumologic", "SUMO_ACCESS_KEY", "{62:64}"},
	{"supabase", "SUPABASE_TOKEN", "sbp_{hex:40}"},
	{"tailscale", "TS_AUTHKEY", "tskey-auth-k{62:10}CNTRL-{62:32}"},
	{"telegram", "TELEGRAM_BOT_TOKEN", "{d:9}1:AA{64u:33}"},
	{"travis", "TRAVIS_TOKEN", "{62:22}"},
	{"twilio", "TWILIO_API_KEY", "SK{hex:32}"},
	{"twilio_auth", "TWILIO_AUTH_TOKEN", "{hex:32}"},
	{"twitch", "TWITCH_CLIENT_SECRET", "{36:30}"},
	{"typeform", "TYPEFORM_TOKEN", "tfp_{64u:59}"},
	{"vault_service", "VAULT_TOKEN", "hvs.{64u:90}"},
	{"vault_batch", "VAULT_BATCH_TOKEN", "hvb.{64u:140}"},
	{"vercel", "VERCEL_TOKEN", "vcp_{62:56}"},
	{"wandb", "WANDB_API_KEY", "{hex:40}"},
	{"weights", "XAI_API_KEY", "xai-{62:80}"},
	{"yandex", "YANDEX_API_KEY", "AQVN{64u:36}"},
	{"zendesk", "ZENDESK_SECRET_KEY", "{36:40}"},
}

// common are beginnings that many values have.
var common = []string{"", "1/", "b_", "00", "u+", "dG9rOm", "SK", "live_", "sk-"}

// prefixed says whether the form tells the key by itself.
func (p provider) prefixed() bool {
	start, _, _ := strings.Cut(p.form, "{")
	return !slices.Contains(common, start) || strings.Contains(p.form, "atlasv1") || strings.HasSuffix(p.form, "mmk") || strings.Contains(p.form, "T3BlbkFJ")
}

// keyed and alone are lines for provider keys: the first have a key that says so, the second only the value.
var (
	keyedKeys = []string{
		`«key»=«v»`,
		`export «key»="«v»"`,
		`{"«lowkey»":"«v»","attempt":«n»}`,
		`«lowkey»: «v»`,
		`env: HOME=/root «key»=«v» PORT=«port»`,
		`config {'«lowkey»': '«v»', 'timeout': «n»}`,
		`level=debug msg="client configured" «lowkey»=«v» region=«zone»`,
		"[auth]\n«lowkey» = \"«v»\"\nretries = «n»",
		`-e «key»=«v» registry.example.com/shop/«svc»:«semver»`,
		`{"log":"{\"«lowkey»\":\"«v»\"}","stream":"stdout"}`,
	}
	aloneKeys = []string{
		`upstream rejected «v»: not authorized`,
		`retrying with «v» after «dur»`,
		`{"args":["--verbose","«v»"],"exit":«n»}`,
		`loaded '«v»' from the vault`,
	}
)

func (c *collector) providers() {
	for _, p := range providers {
		r := source(c.half, "provider/"+p.name)
		lowkey := strings.ToLower(p.key)
		write := func(template string) {
			v := labeled("secret", expand(r, p.form))
			if strings.Contains(template, `{\"`) {
				v = v.encode(escapeJSON)
			}
			template = strings.NewReplacer("«key»", p.key, "«lowkey»", lowkey).Replace(template)
			c.add("provider", "provider/"+p.name, fill(r, template, v))
		}
		if strings.Contains(p.form, " ") {
			write(`{"` + lowkey + `":"«v»","attempt":«n»}`)
			continue
		}
		for range 3 {
			write(choose(r, keyedKeys))
		}
		if p.prefixed() {
			write(choose(r, aloneKeys))
		}
	}
}
