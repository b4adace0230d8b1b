package detect

// Databases, search and storage.
var databaseProviders = []provider{
	{name: "airtable_token", of: "Airtable", source: "Airtable: personal access tokens", forms: []string{"pat{alnum 14}.{hex 64}"}, vendors: []string{"airtable"}, keyed: []string{"key{alnum 14}", "{alnum 17}"}},
	{name: "aiven_password", of: "Aiven", source: "Aiven: service passwords and tokens", forms: []string{"AVNS_{url 15-40}", "aivenv1_{url= 80-400}"}, vendors: []string{"aiven"}, keyed: []string{"{any64 80-400}"}},
	{name: "algolia_key", of: "Algolia", source: "Algolia: API keys", vendors: []string{"algolia"}, keyed: []string{"{hex 32}", "{lower 32}"}},
	{name: "clickhouse_key", of: "ClickHouse Cloud", source: "ClickHouse: API keys", forms: []string{"4b1d{alnum 38}"}},
	{name: "cockroach_key", of: "CockroachDB Cloud", source: "Cockroach Labs: service account API keys", forms: []string{"CCDB1_{alnum 22}_{alnum 40}"}},
	{name: "confluent_key", of: "Confluent Cloud", source: "Confluent: API keys", forms: []string{"cflt{base64 60}"}, vendors: []string{"confluent", "ccloud"}, keyed: []string{"{alnum 16}", "{base64 64}"}},
	{name: "contentful_token", of: "Contentful", source: "Contentful: tokens", forms: []string{"CFPAT-{url 43}"}, vendors: []string{"contentful"}, keyed: []string{"{url= 43}"}},
	{name: "influxdb_token", of: "InfluxDB", source: "InfluxData: tokens", forms: []string{"apiv3_{url 86}"}, vendors: []string{"influx", "influxdb"}, keyed: []string{"{url 86}=="}},
	{name: "mongodb_key", of: "MongoDB Atlas", source: "MongoDB: service account secrets", forms: []string{"mdb_sa_sk_{url 40}"}, vendors: []string{"atlas", "mongodb atlas"}, keyed: []string{"{uuid}"}},
	{name: "neon_key", of: "Neon", source: "Neon: API keys and roles", forms: []string{"napi_{lower 64}", "npg_{alnum 12}"}},
	{name: "planetscale_key", of: "PlanetScale", source: "PlanetScale: passwords and tokens", forms: []string{"pscale_api_{url= 32-64}", "pscale_oauth_{url= 32-64}", "pscale_pw_{url= 32-64}", "pscale_tkn_{url= 32-64}"}},
	{name: "salesforce_token", of: "Salesforce", source: "Salesforce: session ids begin with the organization's", words: []wordKey{{wordShape{from: 15, to: 18, first: "0"}, sessionOfOrganization}}, examples: examples{positive: []string{"sid=«00D5g000004" + "abcd!Tep5ZFf7EdRpPdFzYddq1ACtOd4c8mlSGOzmIof7uYgfI6kMe2UnNbCIwFBKXyHOiUa6WtSC50oJhitEfXXq0zuiiIfEpSfZ»"}, negative: []string{"00D5g000004abcd!short", "00D5g000004abcd"}}},
	{name: "upstash_token", of: "Upstash", source: "Upstash: REST tokens", vendors: []string{"upstash"}, keyed: []string{"{url= 50-80}", "{uuid}"}},
	{name: "xata_key", of: "Xata", source: "Xata: API keys", forms: []string{"xau_{alnum 40-60}"}},
}

// sessionOfOrganization verifies what follows the id of an organization in a session id: ! and some hundred characters.
func sessionOfOrganization(s string, start, end int) int {
	if byteAt(s, end) != '!' || s[start+1] != '0' || s[start+2] != 'D' {
		return 0
	}
	stop := runOf(s, end+1, 130, alphabets["url."].has)
	if n := stop - end - 1; n < 80 || n > 120 {
		return 0
	}
	return stop
}
