package detect

// Keys that name a country and an id in general words: polish_tax_id, frPassportNumber. They are the sum of two short
// tables, so that a country is a line, and name the id that the country calls so. A name of a rule goes first: the checks of the ids guard
// against the codes that are words as well (no, in, it, be).

// nounsOf are the general names of the ids of one kind.
var nounsOf = struct{ national, tax, passport, license, health, social, vat, company []string }{
	national: []string{"national id", "national id number", "national identification number", "national identity number", "identity number", "identification number", "personal id", "personal id number", "personal identification number", "citizen id", "citizen id number", "id number", "id card", "id card number", "identity card", "identity card number"},
	tax:      []string{"tax id", "tax id number", "tax number", "taxpayer id", "taxpayer number", "taxpayer identification number", "tax identification number", "tin", "tin number", "fiscal code", "fiscal number"},
	passport: []string{"passport", "passport id", "passport number"},
	license:  []string{"drivers license", "drivers license number", "driver license", "driver license number", "driving license", "driving license number", "driving licence", "driving licence number", "drivers licence number"},
	health:   []string{"health id", "health number", "health card", "health card number", "health insurance id", "health insurance number"},
	social:   []string{"social security number", "social insurance number"},
	vat:      []string{"vat", "vat id", "vat number"},
	company:  []string{"company number", "company registration number", "business number", "business registration number"},
}

// land says which of its ids a country means by the general names; None: any that fits, as under a key without a country.
type land struct {
	names                                                                []string
	national, card, tax, passport, license, health, social, vat, company Entity
}

var lands = []land{
	{names: []string{"ar", "argentina", "argentine", "argentinian"}, tax: ARCUIT},
	{names: []string{"au", "australia", "australian"}, tax: AUTFN, company: AUACN},
	{names: []string{"be", "belgium", "belgian"}, national: BENRN},
	{names: []string{"bg", "bulgaria", "bulgarian"}, national: BGEGN},
	{names: []string{"br", "brazil", "brazilian"}, national: BRCPF, tax: BRCPF},
	{names: []string{"ca", "canada", "canadian"}, social: CASIN},
	{names: []string{"cl", "chile", "chilean"}, national: CLRUT, tax: CLRUT},
	{names: []string{"cn", "china", "chinese"}, national: CNRIC},
	{names: []string{"cz", "czech"}, national: CZRC},
	{names: []string{"de", "germany", "german"}, card: DEIDCard, tax: DETaxID, passport: DEPassport, social: DESocialSecurity, health: DEHealthInsurance},
	{names: []string{"dk", "denmark", "danish"}, national: DKCPR},
	{names: []string{"es", "spain", "spanish"}, national: ESNIF, tax: ESNIF},
	{names: []string{"fi", "finland", "finnish"}, national: FIHETU},
	{names: []string{"fr", "france", "french"}, social: FRNIR},
	{names: []string{"hr", "croatia", "croatian"}, national: HROIB, tax: HROIB},
	{names: []string{"il", "israel", "israeli"}, national: ILID},
	{names: []string{"in", "india", "indian"}, national: INAadhaar, tax: INPAN, passport: INPassport},
	{names: []string{"it", "italy", "italian"}, card: ITIDCard, tax: ITFiscalCode, passport: ITPassport, license: ITDriversLicense, vat: ITVAT},
	{names: []string{"jp", "japan", "japanese"}, national: JPMyNumber},
	{names: []string{"kr", "korea", "korean"}, national: KRRRN, passport: KRPassport, license: KRDriversLicense, company: KRBRN},
	{names: []string{"mx", "mexico", "mexican"}, national: MXCURP, tax: MXRFC},
	{names: []string{"ng", "nigeria", "nigerian"}, national: NGNIN},
	{names: []string{"nl", "netherlands", "dutch"}, national: NLBSN},
	{names: []string{"no", "norway", "norwegian"}, national: NOFNR},
	{names: []string{"ph", "philippines", "philippine"}, tax: PHTIN},
	{names: []string{"pl", "poland", "polish"}, national: PLPESEL, tax: PLNIP},
	{names: []string{"pt", "portugal", "portuguese"}, tax: PTNIF},
	{names: []string{"ro", "romania", "romanian"}, national: ROCNP},
	{names: []string{"se", "sweden", "swedish"}, national: SEPersonnummer},
	{names: []string{"sg", "singapore", "singaporean"}, national: SGNRIC, company: SGUEN},
	{names: []string{"th", "thailand", "thai"}, national: THTNIN},
	{names: []string{"tr", "turkey", "turkish"}, national: TRTCKN},
	{names: []string{"uk", "gb", "british"}, passport: UKPassport, license: UKDriversLicense, health: UKNHS},
	{names: []string{"us", "usa", "american"}, passport: USPassport, license: USDriversLicense, social: USSSN},
	{names: []string{"za", "south africa", "south african"}, national: ZAID},
}

// enterLands enters the names of every country's ids that no rule has.
func enterLands() {
	for i := range lands {
		l := &lands[i]
		for _, name := range l.names {
			enterNouns(l.card, name, []string{"id card", "id card number", "identity card", "identity card number"})
			enterNouns(l.national, name, nounsOf.national)
			enterNouns(l.tax, name, nounsOf.tax)
			enterNouns(l.passport, name, nounsOf.passport)
			enterNouns(l.license, name, nounsOf.license)
			enterNouns(l.health, name, nounsOf.health)
			enterNouns(l.social, name, nounsOf.social)
			enterNouns(l.vat, name, nounsOf.vat)
			enterNouns(l.company, name, nounsOf.company)
		}
	}
}

func enterNouns(e Entity, land string, nouns []string) {
	if e == None {
		return
	}
	for _, noun := range nouns {
		words := land + " " + noun
		addVariant(e, keyName{words: words})
		for _, v := range variants(words) {
			addVariant(e, keyName{words: v})
		}
	}
}
