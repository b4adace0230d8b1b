package detect

// Payment, banking, commerce and trading.
var paymentProviders = []provider{
	{name: "binance_key", of: "Binance", source: "Binance: API keys", vendors: []string{"binance"}, keyed: []string{"{alnum 64}"}},
	{name: "bittrex_key", of: "Bittrex", source: "Bittrex: API keys", vendors: []string{"bittrex"}, keyed: []string{"{lower 32}"}},
	{name: "braintree_token", of: "PayPal Braintree", source: "Braintree: access tokens", forms: []string{"access_token$production${lower 16}${hex 32}", "access_token$sandbox${lower 16}${hex 32}"}},
	{name: "coinbase_key", of: "Coinbase", source: "Coinbase: API keys", vendors: []string{"coinbase"}, keyed: []string{"{url 64}", "{alnum 16}", "{alnum 32}"}},
	{name: "duffel_token", of: "Duffel", source: "Duffel: access tokens", forms: []string{"duffel_live_{url= 43}", "duffel_test_{url= 43}"}},
	{name: "easypost_key", of: "EasyPost", source: "EasyPost: API keys", forms: []string{"EZAK{alnum 54}", "EZTK{alnum 54}"}},
	{name: "finicity_key", of: "Finicity", source: "Finicity: partner secrets", vendors: []string{"finicity"}, keyed: []string{"{alnum 20}", "{hex 32}"}},
	{name: "flutterwave_key", of: "Flutterwave", source: "Flutterwave: API keys", forms: []string{"FLWPUBK-{hex 32}-X", "FLWPUBK_TEST-{hex 32}-X", "FLWSECK-{hex 32}-X", "FLWSECK_TEST-{hex 12}", "FLWSECK_TEST-{hex 32}-X"}},
	{name: "gocardless_token", of: "GoCardless", source: "GoCardless: access tokens", forms: []string{"live_{url= 40}", "sandbox_{url= 40}"}, bits: 3.6},
	{name: "kraken_key", of: "Kraken", source: "Kraken: API keys", vendors: []string{"kraken"}, keyed: []string{"{any64 80-90}", "{any64 56}"}},
	{name: "kucoin_key", of: "KuCoin", source: "KuCoin: API keys", vendors: []string{"kucoin"}, keyed: []string{"{hex 24}", "{uuid}"}},
	{name: "lob_key", of: "Lob", source: "Lob: API keys", forms: []string{"live_{hex 35}", "live_pub_{hex 31}", "test_{hex 35}", "test_pub_{hex 31}"}},
	{name: "midtrans_key", of: "Midtrans", source: "Midtrans: server keys", forms: []string{"Mid-server-{url 24}"}},
	{name: "mollie_key", of: "Mollie", source: "Mollie: API keys", forms: []string{"access_{alnum 40}", "live_{alnum 30}", "test_{alnum 30}"}, bits: 3.6},
	{name: "paddle_key", of: "Paddle", source: "Paddle: API keys", forms: []string{"pdl_live_apikey_{lower 26}_{alnum 22}_{alnum 3}", "pdl_sdbx_apikey_{lower 26}_{alnum 22}_{alnum 3}"}},
	{name: "plaid_key", of: "Plaid", source: "Plaid: access tokens", forms: []string{"access-development-{uuid}", "access-production-{uuid}", "access-sandbox-{uuid}"}, vendors: []string{"plaid"}, keyed: []string{"{hex 30}", "{hex 24}"}},
	{name: "razorpay_key", of: "Razorpay", source: "Razorpay: API keys", forms: []string{"rzp_live_{alnum 14}", "rzp_test_{alnum 14}"}},
	{name: "shippo_token", of: "Shippo", source: "Shippo: API tokens", forms: []string{"shippo_live_{hex 40}", "shippo_test_{hex 40}"}},
	{name: "shopify_token", of: "Shopify", source: "Shopify: access token prefixes", forms: []string{"shpat_{anyhex 32}", "shpca_{anyhex 32}", "shppa_{anyhex 32}", "shpss_{anyhex 32}", "shptka_{anyhex 32}", "shpua_{anyhex 32}"}},
	{name: "square_token", of: "Square", source: "Square: access tokens", forms: []string{"EAAA{url 22-60}", "sq0atp-{url 22}", "sq0csp-{url 43}"}},
	{name: "xendit_key", of: "Xendit", source: "Xendit: API keys", forms: []string{"xnd_development_{alnum 40-70}", "xnd_production_{alnum 40-70}"}},
}
