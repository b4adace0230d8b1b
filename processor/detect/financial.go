package detect

// The entities of this family.
const (
	PaymentCard Entity = iota + endNetwork
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
				Rule:   "Bitcoin (Base58Check, bech32, bech32m) or Ethereum (EIP-55) address",
				Source: "BIP 13, BIP 173, BIP 350, EIP-55",
			},
			keys:  keys("wallet", "wallet address", "btc address", "bitcoin address", "eth address", "ethereum address", "crypto address"),
			value: walletByKey,
			words: []wordShape{
				{from: 25, to: 34, first: "13", verify: base58Wallet},
				{from: 42, to: 42, first: "bB", verify: bech32Wallet},
				{from: 62, to: 62, first: "bB", verify: bech32Wallet},
				{from: 42, to: 42, first: "0", verify: etherWallet},
			},
			examples: examples{
				positive: []string{
					"to «1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa»", "to «3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy»",
					"«bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq»", "«0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed»",
					"«bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0»",
					"ethereum «0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed»",
				},
				negative: []string{
					"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdx",
					"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "commit 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
				},
			},
		},
	}
}

// isCard checks issuer, length and Luhn.
func isCard(d []byte) bool { return isIssued(d) && luhn(d) }

// isCardByKey trusts the key: either the issuer or the check digit may be wrong, as in a typing error.
func isCardByKey(d []byte) bool {
	return len(d) >= 13 && len(d) <= 19 && (isIssued(d) || luhn(d))
}

// isIssued reports whether an issuer uses the prefix with this length.
func isIssued(d []byte) bool {
	n := len(d)
	if n < 13 || n > 19 {
		return false
	}
	p2, p3, p4 := number(d[:2]), number(d[:3]), number(d[:4])
	switch {
	case d[0] == '4': // Visa
		return n == 13 || n == 16 || n == 19
	case p2 >= 51 && p2 <= 55, p4 >= 2221 && p4 <= 2720: // Mastercard
		return n == 16
	case p2 == 34, p2 == 37: // American Express
		return n == 15
	case p3 >= 300 && p3 <= 305, p2 == 36, p2 == 38, p2 == 39: // Diners Club
		return n == 14 || n == 16 || n == 19
	case p4 == 6011, p3 >= 644 && p3 <= 649, p2 == 65: // Discover
		return n == 16 || n == 19
	case p4 >= 3528 && p4 <= 3589: // JCB
		return n == 16 || n == 19
	case p2 == 62: // UnionPay
		return n >= 16 && n <= 19
	case p2 == 50, p2 >= 56 && p2 <= 58, p4 == 6304, p4 == 6759, p4 >= 6761 && p4 <= 6763: // Maestro
		return n == 16 || n == 19
	}
	return false
}
