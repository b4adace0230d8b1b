package detect

// The entities of this family.
const (
	PaymentCard Entity = iota + endNetwork
	IBAN
	CryptoWallet
	endFinancial
)

func financialRules() []rule {
	return []rule{
		{
			entity: PaymentCard,
			Info: Info{
				Name: "payment_card", Class: "card", Group: Financial,
				Rule:   "Issuer prefix, length and Luhn, in groups, by key or by cue",
				Source: "ISO/IEC 7812",
			},
		},
		{
			entity: IBAN,
			Info: Info{
				Name: "iban", Class: "iban", Group: Financial,
				Rule:   "Country, length and mod 97",
				Source: "ISO 13616, SWIFT IBAN registry",
			},
		},
		{
			entity: CryptoWallet,
			Info: Info{
				Name: "crypto_wallet", Class: "wallet", Group: Financial,
				Rule:   "Bitcoin (Base58Check, bech32, bech32m) or Ethereum (EIP-55) address",
				Source: "BIP 13, BIP 173, BIP 350, EIP-55",
			},
		},
	}
}
