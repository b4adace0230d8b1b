package detect

// issuerRange is a range of issuer identification numbers, six digits each, with the lengths of their cards.
type issuerRange struct {
	from, to int
	lengths  uint32 // a bit for every length
}

// Lengths of card numbers.
const (
	n12 = 1 << (12 + iota)
	n13
	n14
	n15
	n16
	n17
	n18
	n19

	n16to19 = n16 | n17 | n18 | n19
)

// issuers are the ranges of the schemes by ISO/IEC 7812 and the schemes' own pages, ascending and without overlap; where
// schemes share a range, the lengths of all of them count. Ranges that begin with the digits of the time since 1970 (1)
// are read under a key only: see isIssuedByKey.
var issuers = [...]issuerRange{
	{220000, 220499, n16to19},                         // Mir
	{220500, 220599, n16},                             // Borica
	{222100, 272099, n16},                             // Mastercard
	{286900, 286999, n16},                             // Carnet
	{300000, 305999, n14 | n16to19},                   // Diners Club
	{309500, 309599, n14 | n16to19},                   // Diners Club
	{340000, 349999, n15},                             // American Express
	{352800, 358999, n16to19},                         // JCB; RuPay and LankaPay share 353, 356, 357111
	{360000, 369999, n14 | n15 | n16to19},             // Diners Club
	{370000, 379999, n15},                             // American Express
	{380000, 399999, n14 | n16to19 | n13},             // Diners Club, Hipercard 3841
	{400000, 499999, n13 | n16 | n18 | n19},           // Visa; Switch 4903, 4905, 4911, 4936; Elo, Dankort, Hipercard share it
	{500000, 509999, n12 | n13 | n14 | n15 | n16to19}, // Maestro; Verve 5060, 5078, Elo 5066, 5090, RuPay 508, Dankort 5019, Meeza 5078, Korti Milli 5058
	{510000, 559999, n16},                             // Mastercard
	{560000, 589999, n12 | n13 | n14 | n15 | n16to19}, // Maestro; Switch 564182, Uzcard 5614, mada 5888
	{600000, 603599, n16},                             // RuPay 60, Hipercard, Cabal, Bancontact, Discover 6011 below
	{603600, 603799, n16},                             // Shetab
	{604100, 604399, n16},                             // Cabal
	{605400, 605499, n16},                             // NPS Pridnestrovie
	{606000, 609999, n13 | n16 | n19},                 // RuPay, Hipercard 606282
	{610400, 610499, n16},                             // Shetab
	{620000, 629999, n16to19},                         // UnionPay; Elo 627780, Shetab 6219, 6274, 6280
	{630400, 630499, n12 | n13 | n14 | n15 | n16to19}, // Maestro, Laser
	{633100, 633499, n16 | n18 | n19},                 // Switch 633110, Solo 6334
	{636000, 636999, n16to19},                         // InterPayment, Elo 636297 and 636368, Carnet
	{637000, 639999, n16},                             // InstaPayment, Hipercard 6370 to 6376, Carnet 639
	{644000, 659999, n16to19},                         // Discover 644 to 659; Troy, RuPay, Elo and Verve share 65
	{669000, 669099, n16},                             // Jaywan
	{670300, 670399, n16 | n17},                       // Bancontact
	{670600, 670999, n16to19},                         // Laser
	{675900, 676999, n12 | n13 | n14 | n15 | n16to19}, // Maestro; Solo 6767
	{677100, 677199, n16to19},                         // Laser
	{810000, 829999, n16to19},                         // UnionPay 81, RuPay 81 and 82
	{860000, 860099, n16},                             // Uzcard
	{905100, 905199, n16},                             // ArCa
	{911200, 911299, n16},                             // Belkart
	{941700, 941799, n16},                             // Elcart
	{968200, 968299, n16},                             // mada
	{970400, 970499, n16 | n19},                       // Napas
	{979200, 979299, n16},                             // Troy
	{986000, 986099, n16},                             // Humo
}

// isIssued reports whether an issuer uses the prefix with this length.
func isIssued(d []byte) bool {
	n := len(d)
	if n < 12 || n > 19 {
		return false
	}
	prefix := number(d[:6])
	if prefix/100 == 6011 { // Discover
		return n >= 16
	}
	lo, hi := 0, len(issuers)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); issuers[mid].to < prefix {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(issuers) && issuers[lo].from <= prefix && issuers[lo].lengths>>n&1 != 0
}

// isIssuedByKey adds the ranges of UATP, which no other number can be told from.
func isIssuedByKey(d []byte) bool { return isIssued(d) || len(d) == 15 && d[0] == '1' }
