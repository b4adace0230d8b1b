package detect

import "strings"

// Clouds, hosting and networks.
var cloudProviders = []provider{
	{
		name: "alibaba_key", of: "Alibaba Cloud", source: "Alibaba Cloud: AccessKey pairs",
		forms: []string{"LTAI{alnum 17-26}"}, vendors: []string{"alibaba", "aliyun", "alicloud"}, keyed: []string{"{alnum 30}"},
	},
	{name: "aws_bedrock_key", class: "bedrock", of: "Amazon Bedrock", source: "AWS: Amazon Bedrock API keys", forms: []string{"ABSKQmVkcm9ja0FQSUtleS{pad64 100-140}", "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t{any64 60-4000}"}},
	{
		name: "azure_key", of: "Azure AI, search, cache and API management", source: "Microsoft Security: common annotated security keys",
		words: []wordKey{
			{wordShape{from: 84, to: 84}, markedKey("JQQJ99", 52)},
			{wordShape{from: 52, to: 52}, markedKey("AzSe", 42)},
			{wordShape{from: 52, to: 52}, markedKey("AzCa", 42)},
		},
		vendors: []string{"azure", "azure openai", "azure search", "cognitive services"}, keyed: []string{"{hex 32}"},
		examples: examples{
			positive: []string{"key «NqVwYS81VP7Hb1DX8pPd5khxE3pyIgKpaUnArl63Xy" + "kWZeiNNCiiJQQJ99a3anXn9k3ksu9mI4ROnl89Sm99»", "«5ytbxAk7jqevt0MLaMRTvetw0t" + "ESulEETldq8b8Vw2AzSeBzbJYA»"},
			negative: []string{"xyL1aCcTlN99mhWp708DwGw5HqXDgLVXZx3scB8fnv" + "GNx6jvr7SIJQQJ98ftRutlZfOjUStEkUdfMI7zcpVM", "xNqVwYS81VP7Hb1DX8pPd5khxE3pyIgKpaUnArl63Xy" + "kWZeiNNCiiJQQJ99a3anXn9k3ksu9mI4ROnl89Sm99"},
		},
	},
	{
		name: "azure_client_secret", class: "azuresecret", of: "Microsoft Entra ID", source: "Microsoft Entra ID: application credentials",
		words:    []wordKey{{wordShape{from: 5, to: 5, digits: 1 << 3, letters: 1 << 4}, entraSecret}},
		examples: examples{positive: []string{"secret «Ab38Q~" + "kPy0I9lO7F3vlfFrGYJ3GxeYYXwSLQcWaZ»", "<v>«q_F7Q~" + "kPy0I9lO7F3vlfFrGYJ3GxeYYXwSLQcWaZ»</v>"}, negative: []string{"Ab38Q~short", "x.Ab3aQ~" + "kPy0I9lO7F3vlfFrGYJ3GxeYYXwSLQcWaZ"}},
	},
	{
		name: "azure_sas", class: "azuresas", of: "Azure shared access signatures", source: "Azure Storage: shared access signatures", names: []string{"sig"}, keyed: []string{"{base64 43}=", "{query 46-80}"}, strict: true, check: endsPadded,
		examples: examples{positive: []string{"/c/b?se=2024-02-01&sig=«7fK2mQx9Lr4TzV8bNc3WfYp6JsDg5KeRa1Uh0BtGiXo%3D»&x=1"}, negative: []string{"sig=SIGTERM", "sig=7fK2mQx9Lr4T"}},
	},
	{name: "cloudflare_key", of: "Cloudflare", source: "Cloudflare: API tokens and origin CA keys", forms: []string{"v1.0-{hex 24}-{hex 146}"}, vendors: []string{"cloudflare", "cf"}, keyed: []string{"{url 40}", "{hex 37}"}, names: []string{"cloudflare"}},
	{name: "databricks_token", of: "Databricks", source: "Databricks: personal access tokens", forms: []string{"dapi{hex 32}", "dapi{hex 32}-{digit 1}", "dose{hex 32}"}},
	{name: "digitalocean_token", of: "DigitalOcean", source: "DigitalOcean: API tokens", forms: []string{"dop_v1_{hex 64}", "doo_v1_{hex 64}", "dor_v1_{hex 64}"}, vendors: []string{"digitalocean", "digital ocean"}, keyed: []string{"{hex 64}"}},
	{name: "doppler_token", of: "Doppler", source: "Doppler: token formats", forms: []string{"dp.audit.{alnum 40-44}", "dp.ct.{alnum 40-44}", "dp.pt.{alnum 40-44}", "dp.sa.{alnum 40-44}", "dp.scim.{alnum 40-44}", "dp.st.{alnum 40-44}", "dp.st.{url 2-35}.{alnum 40-44}"}},
	{name: "fastly_key", of: "Fastly", source: "Fastly: API tokens", vendors: []string{"fastly"}, keyed: []string{"{url 32}"}},
	{name: "flyio_token", of: "Fly.io", source: "Fly.io: access tokens", forms: []string{"fo1_{url 43}", "fm1a_{pad64 100-4000}", "fm1r_{pad64 100-4000}", "fm2_{pad64 100-4000}"}},
	{name: "google_oauth_token", class: "googleoauth", of: "Google OAuth and Cloud Storage", source: "Google Identity: OAuth 2.0; Cloud Storage: HMAC keys", forms: []string{"GOCSPX-{url 28}", "GOOG1E{upper 55}", "GOOG{upper 20}", "1//0{url 40-120}", "ya29.{url. 20-2000}"}},
	{name: "heroku_key", of: "Heroku", source: "Heroku: API keys", forms: []string{"HRKU-{UUID}", "HRKU-AA{url 58}"}, vendors: []string{"heroku"}, keyed: []string{"{UUID}"}},
	{name: "hetzner_token", of: "Hetzner Cloud", source: "Hetzner: API tokens", vendors: []string{"hetzner", "hcloud"}, keyed: []string{"{alnum 64}"}},
	{name: "ibm_cloud_key", class: "ibm", of: "IBM Cloud", source: "IBM Cloud: API keys", vendors: []string{"ibm", "ibm cloud", "ibmcloud", "bluemix"}, keyed: []string{"{url 44}"}},
	{name: "linode_token", of: "Linode", source: "Akamai: Linode API tokens", vendors: []string{"linode"}, keyed: []string{"{hex 64}"}},
	{name: "netlify_token", of: "Netlify", source: "Netlify: access tokens", forms: []string{"nfc_{alnum 36-44}", "nfp_{alnum 36-44}"}, vendors: []string{"netlify"}, keyed: []string{"{url= 40-46}"}},
	{name: "ngrok_token", of: "ngrok", source: "ngrok: authtokens", vendors: []string{"ngrok"}, keyed: []string{"{alnum 26-28}_{alnum 20-23}"}},
	{name: "onepassword_key", of: "1Password", source: "1Password: secret keys and service account tokens", forms: []string{"A3-{upper 6}-{upper 6}-{upper 5}-{upper 5}-{upper 5}-{upper 5}", "A3-{upper 6}-{upper 11}-{upper 5}-{upper 5}-{upper 5}", "ops_eyJ{pad64 200-4000}"}},
	{name: "pulumi_token", of: "Pulumi", source: "Pulumi: access tokens", forms: []string{"pul-{hex 40}"}},
	{name: "railway_token", of: "Railway", source: "Railway: tokens", vendors: []string{"railway"}, keyed: []string{"{uuid}"}},
	{name: "render_key", of: "Render", source: "Render: API keys", forms: []string{"rnd_{alnum 28-40}"}},
	{name: "scaleway_key", of: "Scaleway", source: "Scaleway: API keys", forms: []string{"SCW{upper 17}"}, vendors: []string{"scaleway", "scw"}, keyed: []string{"{uuid}"}},
	{name: "scalingo_token", of: "Scalingo", source: "Scalingo: API tokens", forms: []string{"tk-us-{url 48}"}},
	{name: "supabase_key", of: "Supabase", source: "Supabase: API keys", forms: []string{"sb_secret_{url 31-48}", "sbp_oauth_{hex 40}", "sbp_{hex 40}"}},
	{name: "tailscale_key", of: "Tailscale", source: "Tailscale: key prefixes", forms: []string{"tskey-api-{alnum 11-20}-{alnum 20-50}", "tskey-auth-{alnum 11-20}-{alnum 20-50}", "tskey-client-{alnum 11-20}-{alnum 20-50}", "tskey-scim-{alnum 11-20}-{alnum 20-50}", "tskey-webhook-{alnum 11-20}-{alnum 20-50}"}},
	{name: "tencent_key", of: "Tencent Cloud", source: "Tencent Cloud: access keys", forms: []string{"AKID{alnum 32}"}, vendors: []string{"tencent", "tencentcloud", "qcloud"}, keyed: []string{"{alnum 32}"}},
	{name: "terraform_token", of: "HCP Terraform", source: "HashiCorp: API tokens", words: []wordKey{{wordShape{from: 14, to: 14}, atlasToken}}, examples: examples{positive: []string{"token «txJTQr1FqXSTs7.atlasv1." + "98vPlL2aEJXquQrDs0GPRZwwrPwV81Aw71l33SCx9vHjHkm1x72EsSfUQUAkNX7L» ok"}, negative: []string{"txJTQr1FqXSTs7.atlasv1.short", "atlasv1." + "98vPlL2aEJXquQrDs0GPRZwwrPwV81Aw71l33SCx9vHjHkm1x72EsSfUQUAkNX7L"}}},
	{name: "tigris_key", of: "Tigris", source: "Tigris: access keys", forms: []string{"tsec_{any64 48-80}"}},
	{name: "upcloud_token", of: "UpCloud", source: "UpCloud: API tokens", forms: []string{"ucat_{upper 26}"}},
	{name: "vault_token", of: "HashiCorp Vault", source: "HashiCorp Vault: token prefixes", forms: []string{"hvb.{url 90-400}", "hvr.{url 20-400}", "hvs.{url 20-400}"}, vendors: []string{"vault"}, keyed: []string{"s.{alnum 24}", "b.{alnum 100-400}"}},
	{name: "vercel_token", of: "Vercel", source: "Vercel: tokens", forms: []string{"vca_{alnum 50-60}", "vci_{alnum 50-60}", "vck_{alnum 50-60}", "vcp_{alnum 50-60}", "vcr_{alnum 50-60}"}, vendors: []string{"vercel"}, keyed: []string{"{alnum 24}"}},
	{name: "vultr_key", of: "Vultr", source: "Vultr: API keys", vendors: []string{"vultr"}, keyed: []string{"{upper 36}"}},
	{name: "yandex_key", of: "Yandex Cloud", source: "Yandex Cloud: IAM tokens and keys", forms: []string{"AQVN{url 35-38}", "YCAJ{url 21}", "YCM{url 37}", "YCN{url 37}", "YCO{url 37}", "YCP{url 37}", "t1.{url 1-20}.{url= 86}", "y0_{url 36-80}"}, vendors: []string{"yandex"}, keyed: []string{"YC{url 38}"}},
}

// endsPadded accepts 32 bytes in base 64, percent-encoded or not.
func endsPadded(key string) bool {
	return strings.HasSuffix(key, "=") || strings.HasSuffix(key, "%3D") || strings.HasSuffix(key, "%3d")
}

// markedKey verifies a word that has the mark of its issuer at an offset: keys that Microsoft annotates so.
func markedKey(mark string, at int) func(s string, start, end int) int {
	return func(s string, start, end int) int {
		if s[start+at:start+at+len(mark)] != mark {
			return 0
		}
		return end
	}
}

// entraSecret verifies a client secret of Microsoft Entra ID after its first five characters: three, a digit, and Q~.
func entraSecret(s string, start, end int) int {
	if s[end-1] != 'Q' || byteAt(s, end) != '~' || !isDigit(s[end-2]) {
		return 0
	}
	set := alphabets["url~"]
	stop := runOf(s, end+1, 40, set.has)
	if n := stop - end - 1; n < 31 || n > 34 || isWord(byteAt(s, stop)) {
		return 0
	}
	return stop
}

// atlasToken verifies a token of HCP Terraform after its first word: an id, .atlasv1. and what is secret.
func atlasToken(s string, _, end int) int {
	const mark = ".atlasv1."
	if !strings.HasPrefix(s[end:], mark) {
		return 0
	}
	stop := runOf(s, end+len(mark), 80, alphabets["url="].has)
	if n := stop - end - len(mark); n < 60 || n > 70 {
		return 0
	}
	return stop
}
