package detect

// The entities of this family.
const (
	PaymentCard Entity = iota + endDevice
	IBAN
	CryptoWallet
	endFinancial
)

var cardCues = []string{
	"card", "visa", "mastercard", "amex", "american express", "maestro", "discover", "credit", "debit", "creditcard",
	"pan ", "cc ", "ccnum", "ccn ", "payment", "cvv", "jcb ", "diners",
	"karte", "kreditkart", "tarjeta", "carte ", "carta ", "cartao", "cartão", "kaart", "creditkaart", "betaalpas",
}

func financialRules() []rule {
	return []rule{
		{
			entity: PaymentCard,
			Info: Info{
				Name: "payment_card", Class: "card", Group: Financial,
				Rule:   "Issuer prefix, length and Luhn, in groups, by key or by cue",
				Not:    "Numbers with a right check digit by chance: no issuer's length, other digits joined, or a word like order or offset in front",
				Source: "ISO/IEC 7812",
			},
			keys: append(keys(
				"card number", "card no", "card num", "credit card", "debit card", "creditcard number", "cc number", "cc num",
				"payment card", "primary account number", "account pan", "card pan", "ccn", "kartennummer", "kreditkarte", "kreditkartennummer", "numero carte", "numero de carte", "numero tarjeta", "numero de tarjeta",
				"numero cartao", "numero do cartao", "kaartnummer", "numero carta", "card numbers", "credit cards",
			), weakKeys("pan", "card", "cc", "cards")...),
			value: digitsByKey(0.99, isCardByKey),
			digits: []digitShape{
				{layout: "dddd-dddd-dddd-dddd", valid: isCard, conf: 0.98},
				{layout: "dddd dddd dddd dddd", valid: isCard, conf: 0.97},
				{layout: "dddd.dddd.dddd.dddd", valid: isCard, conf: 0.9},
				{layout: "dddd-dddddd-ddddd", valid: isCard, conf: 0.98},
				{layout: "dddd dddddd ddddd", valid: isCard, conf: 0.97},
				{layout: "dddd-dddddd-dddd", valid: isCard, conf: 0.97},
				{layout: "dddd dddddd dddd", valid: isCard, conf: 0.96},
				{layout: "dddd dddd dddd dddd ddd", valid: isCard, conf: 0.96},
				{layout: "dddd-dddd-dddd-dddd-ddd", valid: isCard, conf: 0.96},
				{layout: "dddd-ddd-ddd-ddd", valid: isCard, conf: 0.94},
				{layout: "dddd ddd ddd ddd", valid: isCard, cued: true, conf: 0.94},
				{layout: "dddddd-ddddddddddddd", valid: isCard, conf: 0.94},
				{layout: "dddddd ddddddddddddd", valid: isCard, cued: true, conf: 0.94},
				{layout: "dddd-ddddd-dddddd", valid: isAirTravel, cued: true, conf: 0.93},
				{layout: "dddd ddddd dddddd", valid: isAirTravel, cued: true, conf: 0.93},
				{layout: "ddddddddddddd", valid: isCard, cued: true, conf: 0.93},
				{layout: "dddddddddddddd", valid: isCard, cued: true, conf: 0.94},
				{layout: "ddddddddddddddd", valid: isCard, cued: true, conf: 0.95},
				{layout: "dddddddddddddddd", valid: isCard, cued: true, conf: 0.95},
				{layout: "ddddddddddddddddddd", valid: isCard, cued: true, conf: 0.93},
			},
			cues: cardCues,
			examples: examples{
				positive: []string{
					"charged card «4111 1111 1111 1111» ok", "pan=«4012888888881881»", "Visa «4111111111111111», exp 12/27",
					"«3782-822463-10005» declined", `{"cardNumber":"«5555555555554444»"}`, `{"card_number":«6011111111111117»}`,
					"cc_number=«4111-1111-1111-1111»&cvv=123", "card_number|«4222222222222»", "card #«4539148803436467»", "Kartennummer «4539148803436467»", "tarjeta «4539148803436467» rechazada", "numéro de carte «4539148803436467»",
					"Kreditkarte: «4539148803436467»", `{"cards":["«4539148803436467»","«6011111111111117»"]}`, `{"cards":[«4539148803436467», «6011111111111117»]}`, "cards|«4539148803436467»",
					"cartão de crédito «4539148803436467»", "kaartnummer=«4539148803436467»",
				},
				negative: []string{
					"block 4111111111111111 replicated", "4111 1111 1111 1112 failed Luhn", "offset=4111111111111111 lag=0",
					"trace 12345678-4111-1111-1111-111111111111", "blk_4111111111111111", "ts 1117955392 2005.06.05",
					"card 1234567890123456 has no issuer", "order #4539148803436467", "carter 4539148803436467", "serial 9-4111-1111-1111-1111",
				},
			},
		},
		{
			entity: IBAN,
			Info: Info{
				Name: "iban", Class: "iban", Group: Financial,
				Rule:   "Country, length and mod 97",
				Not:    "The layout with a wrong check, words of capitals, hexadecimal digests",
				Source: "ISO 13616, SWIFT IBAN registry",
			},
			words: []wordShape{{from: 4, to: 34, digits: 0b1100, letters: 0b0011, verify: iban}},
			examples: examples{
				positive: []string{
					"paid to «GB82 WEST 1234 5698 7654 32» today", "iban=«DE89370400440532013000»", "«FR1420041010050500013M02606»",
					"acct «NO93 8601 1117 947»; done",
				},
				negative: []string{
					"GB82 WEST 1234 5698 7654 33", "id DE89370400440532013001", "XX82WEST12345698765432", "xGB82WEST12345698765432",
				},
			},
		},
		{
			entity: CryptoWallet,
			Info: Info{
				Name: "crypto_wallet", Class: "wallet", Group: Financial,
				Rule:   "Addresses with a checksum: Base58Check, bech32 and bech32m, CashAddr, EIP-55, Monero, Stellar, Algorand; others by key or cue",
				Not:    "Addresses with a wrong checksum, commit and block hashes, 0x pointers",
				Source: "BIP 13, BIP 173, BIP 350, EIP-55, SLIP-173, SEP-23",
			},
			keys: keys(
				"wallet", "wallet address", "btc address", "bitcoin address", "eth address", "ethereum address", "crypto address", "crypto wallet", "ltc address", "litecoin address", "doge address", "sol address", "solana address", "xmr address", "monero address",
				"xrp address", "ripple address", "trx address", "tron address", "ada address", "cardano address", "dot address", "bch address", "xlm address", "stellar address", "deposit address", "withdrawal address", "payout address", "blockchain address",
			),
			value: walletByKey,
			words: []wordShape{
				{from: 25, to: 36, first: "1239ADKLMTXmnrt7", may: isBase58, verify: base58Wallet},
				{from: 38, to: 110, first: bech32First, may: hasChain, verify: bech32Wallet},
				{from: 42, to: 42, first: "0", verify: etherWallet},
				{from: 42, to: 42, first: "qp", verify: cashWallet},
				{from: 43, to: 44, may: isBase58, verify: keyWallet},
				{from: 56, to: 56, first: "G", verify: base32Wallet},
				{from: 58, to: 58, first: base32First, verify: base32Wallet},
				{from: 95, to: 95, first: "48", verify: moneroWallet},
				{from: 106, to: 106, first: "48", verify: moneroWallet},
			},
			examples: examples{
				positive: []string{
					"to «1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa»", "to «3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy»",
					"«bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq»", "«0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed»",
					"«bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0»",
					"ethereum «0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed»",
					"«LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1»", "«DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L»", "«TJCnKsPa7y5okkXvQAidZBzqx3QyQ6sxMW»", "«rN7n7otQDd6FczFgLdSqtcsAUxDkw6fzRH»", "«XdAUmwtig27HBG6WfYyHAzP8n6XC9jESEw»", "«tz1VSUr8wwNhLAzempoch5d6hLRiTh8Cjcjb»",
					"«tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx»", "«addr1vpu5vlrf4xkxv2qpwngf6cjhtw542ayty80v8dyr49rf5eg0yu80w»", "«cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh»", "bitcoincash:«qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a»", "«GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ»",
					"«7ZUECA7HFLZTXENRV24SHLU4AVPUTMTTDUFUBNBD64C73F3UHRTHAIOF6Q»", "«44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A»", "solana «4fYNw3dojWmQ4dXtSGE9epjRGy9pFSx62YypT7avPYvA»",
					`{"solAddress":"«4fYNw3dojWmQ4dXtSGE9epjRGy9pFSx62YypT7avPYvA»"}`, "wallet.address|«LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1»",
				},
				negative: []string{
					"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdx",
					"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "commit 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
					"LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc2", "rN7n7otQDd6FczFgLdSqtcsAUxDkw6fzRh", "cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0ex", "digest 4fYNw3dojWmQ4dXtSGE9epjRGy9pFSx62YypT7avPYvA", "wallet=9f86d081884c7d659a2feaa0c55ad015", "wallet=savings-account-of-the-family",
				},
			},
		},
	}
}

// isCard checks issuer, length and Luhn.
func isCard(d []byte) bool { return isIssued(d) && luhn(d) }

// isAirTravel checks a card of UATP in its layout.
func isAirTravel(d []byte) bool { return d[0] == '1' && luhn(d) }

// isCardByKey trusts the key: either the issuer or the check digit may be wrong, as in a typing error.
func isCardByKey(d []byte) bool {
	if len(d) == 12 {
		return isIssued(d) && luhn(d)
	}
	return len(d) >= 13 && len(d) <= 19 && (isIssuedByKey(d) || luhn(d))
}
