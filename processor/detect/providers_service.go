package detect

// Identity, design, productivity and everything else.
var serviceProviders = []provider{
	{name: "adafruit_key", of: "Adafruit IO", source: "Adafruit: AIO keys", forms: []string{"aio_{alnum 28}"}, vendors: []string{"adafruit"}, keyed: []string{"{url 32}"}},
	{name: "adobe_key", of: "Adobe", source: "Adobe: client credentials", forms: []string{"p8e-{alnum 32}"}, vendors: []string{"adobe"}, keyed: []string{"{hex 32}"}},
	{name: "age_key", class: "agekey", of: "age", source: "age: X25519 identities, in Bech32 of capitals", forms: []string{"AGE-SECRET-KEY-1{bech32 58}", "AGE-SECRET-KEY-PQ-1{bech32 58}"}, bits: -1},
	{name: "asana_token", of: "Asana", source: "Asana: personal access tokens", vendors: []string{"asana"}, keyed: []string{"{digit 1}/{digit 16}:{hex 32}", "{digit 1}/{digit 16}/{digit 16}:{hex 32}", "{hex 32}"}},
	{name: "authress_key", of: "Authress", source: "Authress: service client keys", forms: []string{"authress_{lower 5-30}.{lower 4-6}.acc_{url 10-32}.{any64 30-120}", "ext_{lower 5-30}.{lower 4-6}.acc_{url 10-32}.{any64 30-120}", "sc_{lower 5-30}.{lower 4-6}.acc_{url 10-32}.{any64 30-120}", "scauth_{lower 5-30}.{lower 4-6}.acc_{url 10-32}.{any64 30-120}"}},
	{name: "authzero_key", of: "Auth0", source: "Auth0: client secrets", vendors: []string{"auth0", "authzero"}, keyed: []string{"{url 64}"}},
	{name: "clickup_token", of: "ClickUp", source: "ClickUp: personal tokens", forms: []string{"pk_{digit 5-9}_{upper 32}"}},
	{name: "definednet_key", of: "Defined Networking", source: "Defined Networking: API keys", forms: []string{"dnkey-{url= 26}-{url= 52}", "dnkey-{url= 79}"}},
	{name: "dropbox_token", of: "Dropbox", source: "Dropbox: access tokens", forms: []string{"sl.{url 130-160}", "sl.u.{url 130-1500}"}, vendors: []string{"dropbox"}, keyed: []string{"{lower 15}", "{url 64}"}},
	{name: "etsy_key", of: "Etsy", source: "Etsy: API keys", vendors: []string{"etsy"}, keyed: []string{"{lower 24}"}},
	{name: "expo_token", of: "Expo", source: "Expo: access tokens", vendors: []string{"expo"}, keyed: []string{"{url 40}"}},
	{name: "figma_token", of: "Figma", source: "Figma: access tokens", forms: []string{"figd_{url 38-64}", "figo_{url 38-64}", "figu_{url 38-64}"}},
	{name: "frameio_token", of: "Frame.io", source: "Frame.io: developer tokens", forms: []string{"fio-u-{url= 64}"}},
	{name: "gitguardian_key", of: "GitGuardian", source: "GitGuardian: API keys", vendors: []string{"gitguardian"}, keyed: []string{"{alnum 71}"}},
	{name: "hubspot_key", of: "HubSpot", source: "HubSpot: private app tokens", forms: []string{"pat-eu1-{uuid}", "pat-na1-{uuid}", "pat-na2-{uuid}"}, vendors: []string{"hubspot", "hub spot", "hapi"}, keyed: []string{"{UUID}"}},
	{name: "intra42_key", class: "fortytwo", of: "42 Intra", source: "42: API applications", forms: []string{"s-s4t2af-{hex 64}", "s-s4t2ud-{hex 64}"}},
	{name: "ionic_token", of: "Ionic", source: "Ionic: personal access tokens", forms: []string{"ion_{alnum 42}"}},
	{name: "linear_key", of: "Linear", source: "Linear: API keys", forms: []string{"lin_api_{alnum 40}", "lin_oauth_{hex 64}"}, vendors: []string{"linear"}, keyed: []string{"{hex 32}"}},
	{name: "looker_key", of: "Looker", source: "Looker: API3 credentials", vendors: []string{"looker"}, keyed: []string{"{lower 20}", "{lower 24}"}},
	{name: "mapbox_token", of: "Mapbox", source: "Mapbox: access tokens", forms: []string{"pk.{alnum 60-100}.{alnum 22}", "sk.eyJ{url 40-100}.{url 22}", "tk.eyJ{url 40-100}.{url 22}"}},
	{name: "maxmind_key", of: "MaxMind", source: "MaxMind: license keys", words: []wordKey{{wordShape{from: 40, to: 40}, markedKey("_mmk", 36)}}, examples: examples{positive: []string{"key «B9KQpr_" + "dFSpdTmYs4x4geAXuyWXJa5sP8WiK_mmk»"}, negative: []string{"bCj0SP_" + "Y9bUdSBrgZZyJiuetkiqFRusceIWV_mmx"}}},
	{name: "meraki_key", of: "Cisco Meraki", source: "Cisco: Meraki Dashboard API keys", vendors: []string{"meraki", "meraki dashboard"}, keyed: []string{"{hex 40}"}},
	{name: "notion_token", of: "Notion", source: "Notion: integration tokens", forms: []string{"ntn_{digit 11}{alnum 35}", "secret_{alnum 43}"}},
	{name: "okta_token", of: "Okta", source: "Okta: API tokens", vendors: []string{"okta"}, keyed: []string{"00{url= 40}"}},
	{name: "postman_key", of: "Postman", source: "Postman: API keys", forms: []string{"PMAK-{hex 24}-{hex 34}", "PMAT-{upper 26}"}},
	{name: "rapidapi_key", of: "RapidAPI", source: "RapidAPI: application keys", words: []wordKey{{wordShape{from: 50, to: 51}, rapidKey}}, vendors: []string{"rapidapi", "rapid api"}, keyed: []string{"{alnum 50-51}"}, examples: examples{positive: []string{"«00314bd807mshd4b6ab055385" + "4edp1d3aaejsn7ed5e15ff034»"}, negative: []string{"00314bd807msxd4b6ab055385" + "4edp1d3aaejsn7ed5e15ff034"}}},
	{name: "readme_key", of: "ReadMe", source: "ReadMe: API keys", forms: []string{"rdme_{lower 70}"}},
	{name: "settlemint_token", of: "SettleMint", source: "SettleMint: access tokens", forms: []string{"sm_aat_{alnum 16}", "sm_pat_{alnum 16}", "sm_sat_{alnum 16}"}},
	{name: "spotify_key", of: "Spotify", source: "Spotify: client credentials", vendors: []string{"spotify"}, keyed: []string{"{hex 32}"}},
	{name: "stytch_key", of: "Stytch", source: "Stytch: project secrets", forms: []string{"secret-live-{url 36}=", "secret-test-{url 36}="}},
	{name: "todoist_token", of: "Todoist", source: "Todoist: API tokens", vendors: []string{"todoist"}, keyed: []string{"{hex 40}"}},
	{name: "typeform_token", of: "Typeform", source: "Typeform: personal access tokens", forms: []string{"tfp_{url= 40-64}"}},
	{name: "ubidots_token", of: "Ubidots", source: "Ubidots: tokens", forms: []string{"BBFF-{alnum 30}", "BBUS-{alnum 30}"}},
	{name: "wakatime_key", of: "WakaTime", source: "WakaTime: API keys", forms: []string{"waka_{uuid}"}},
	{name: "webflow_token", of: "Webflow", source: "Webflow: API tokens", vendors: []string{"webflow"}, keyed: []string{"{hex 64}"}},
	{name: "zuplo_key", of: "Zuplo", source: "Zuplo: API keys", forms: []string{"zpka_{alnum 32}_{hex 8}"}},
}

// rapidKey verifies the marks of a key of RapidAPI.
func rapidKey(s string, start, end int) int {
	key := s[start:end]
	if tail := len(key) - len("jsn") - 12; key[10:13] != "msh" || key[28:30] != "p1" || key[tail:tail+3] != "jsn" || runOf(s, start, 51, alphabets["lower"].has) != end {
		return 0
	}
	return end
}
