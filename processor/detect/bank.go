package detect

// The entities of this family.
const (
	BIC Entity = iota + endCard
	USRoutingNumber
	USBankAccount
	UKSortCode
	UKBankAccount
	endBank
)

func bankRules() []rule {
	return []rule{
		{
			entity: BIC,
			Info: Info{
				Name: "bic", Class: "bic", Group: Financial, Compact: true,
				Rule:   "Eight or eleven characters with the code of a country, by key or right after a cue",
				Not:    "Words of eight or eleven capitals without key or cue",
				Source: "ISO 9362, ISO 3166-1",
			},
			keys:     append(keys("bic", "swift code", "swift bic", "bic code", "bic swift", "swift number", "swiftcode", "bank identifier code", "swiftbic", "bicfi"), weakKeys("swift")...),
			value:    readByKey(0.95, bicAt),
			prefixes: after(BIC, 0.9, bicAt, "bic", "swift code", "swift/bic", "bic/swift", "swift bic"),
			examples: examples{
				positive: []string{
					"BIC «DEUTDEFF500» ok", `{"swift_code":"«CHASUS33»"}`, "bic=«BNPAFRPP»", "SWIFT/BIC: «NWBKGB2L»", "bank.bic|«COBADEFFXXX»", "swift: «UBSWCHZH80A»", "BIC «deutdeff»",
				},
				negative: []string{
					"BIC DEUTXXFF", "swift MESSAGES sent", "swift=5.9", "bic=null", "code DEUTDEFF", "bic=deutdeff5", "BIC DEUTDEFF5", "bicycle CHASUS33", "swift: DATABASES", "CUBIC CHASUS33",
				},
			},
		},
		{
			entity: USRoutingNumber,
			Info: Info{
				Name: "us_routing_number", Class: "routing", Group: Financial, Compact: true,
				Rule:   "Nine digits with the check digit and the prefix of a Federal Reserve district, by key or by cue",
				Not:    "Nine digits without key or cue: one number in ten passes the check",
				Source: "ABA routing number policy",
			},
			keys: keys(
				"routing number", "routing no", "routing num", "bank routing", "aba", "aba number", "aba routing", "aba routing number", "routing transit number", "ach routing", "wire routing", "aba no", "bank routing number",
			),
			value: digitsByKey(0.99, isABA),
			digits: []digitShape{
				{layout: "ddddddddd", valid: isABA, cued: true, conf: 0.95},
				{layout: "dddd-dddd-d", valid: isABA, cued: true, conf: 0.96},
			},
			cues: []string{"routing number", "routing no", "routing num", "routing#", "routing #", "routing transit", "aba ", "rtn ", "ach transfer", "wire transfer"},
			examples: examples{
				positive: []string{
					"routing number «021000021» ok", "aba=«121000358»", `{"routing_number":"«322271627»"}`, "ABA «1210-0035-8»", "bank.routing_number|«011401533»", "wire transfer to «021000021» sent", "routing_number=«021000021» account_number=12345678",
				},
				negative: []string{
					"id 021000021", "routing key 021000021", "routing_number=021000022", "routing number 021000022", "routing table 121000358", "routing_number=null", "abandoned 021000021", "aba=521000021",
				},
			},
		},
		{
			entity: USBankAccount,
			Info: Info{
				Name: "us_bank_account", Class: "account", Group: Financial, Compact: true,
				Rule:   "Six to seventeen digits by key, right after a cue, or as account number with a word of a bank near",
				Not:    "Digits without key or cue; accounts of users, services and clouds",
				Source: "Nacha Operating Rules",
			},
			keys: append(keys(
				"bank account", "bank account number", "bank account no", "bank acct", "bank acct no", "bank account num", "checking account", "checking account number", "savings account", "savings account number", "checking acct", "savings acct",
				"ach account", "ach account number", "beneficiary account", "beneficiary account number", "direct deposit account", "dda number", "deposit account number", "debit account number", "credit account number",
			), weakKeys("account number", "account no", "acct no", "acct number", "acct num", "account num")...),
			value:    bankAccountByKey,
			prefixes: []prefix{{"account", accountWord}, {"acct", accountWord}},
			examples: examples{
				positive: []string{
					"bank_account_number=«000123456789»", "checking account «123456789012» debited", `{"routing_number":"021000021","account_number":"«12345678»"}`, "savings account number: «4417382910»", "routing 021000021, account number «98765432»",
					"ach.account_number|«000123456789»", "bank account no. «12345678»",
				},
				negative: []string{
					"account_number=123456789012", "account number 12345678 created", "bank_account=null", "bank account 12", "aws account number 123456789012", "checking account for updates", "account_number|123456789", "bank account 000000000", "bank accounts 3",
				},
			},
		},
		{
			entity: UKSortCode,
			Info: Info{
				Name: "uk_sort_code", Class: "sortcode", Group: Financial, Compact: true,
				Rule:   "Six digits by key or right after a cue",
				Not:    "The 2-2-2 layout without key or cue: dates and times",
				Source: "Pay.UK: sorting code numbers",
			},
			keys:     keys("sort code", "sortcode", "bank sort code", "sorting code"),
			value:    readByKey(0.97, sortCodeAt),
			prefixes: []prefix{{"sort code", sortCodeWord}, {"sortcode", sortCodeWord}, {"sorting code", sortCodeWord}},
			examples: examples{
				positive: []string{"sort code «20-00-00» ok", "sort_code=«200000»", `{"sortCode":"«40-47-84»"}`, "Sort Code: «12 34 56»", "bank.sort_code|«20-00-00»"},
				negative: []string{"sort code 3", "20-00-00", "sort_code=null", "sort code 200000ms", "sort_code=20-00", "sort order 200000", "sort code 00-00-00", "resort code 200000"},
			},
		},
		{
			entity: UKBankAccount,
			Info: Info{
				Name: "uk_bank_account", Class: "ukaccount", Group: Financial, Compact: true,
				Rule:   "Eight digits behind a sort code, or as account number near one",
				Not:    "Eight digits without a sort code near: dates without separators",
				Source: "Pay.UK: modulus checking specification",
			},
			keys:  keys("uk account number", "uk bank account", "uk bank account number"),
			value: trustedUKAccount,
			examples: examples{
				positive: []string{
					"sort code 20-00-00 account «55779911»", `{"sortCode":"20-00-00","accountNumber":"«55779911»"}`, "sort code: 20-00-00, account number: «55779911»", "sort code 20-00-00 «55779911»", "uk_account_number=«31926819»",
					"Account no «55779911», sort code 20-00-00",
				},
				negative: []string{"account 55779911", "sort code 20-00-00 557799", "account number 55779911", "sort code 20-00-00 account closed", "sort by account 55779911"},
			},
		},
	}
}

// isABA checks the prefix of the Federal Reserve and the check digit: weights 3, 7, 1 modulo 10.
func isABA(d []byte) bool {
	if len(d) != 9 || allSame(d) {
		return false
	}
	switch p := number(d[:2]); {
	case p <= 12, p >= 21 && p <= 32, p >= 61 && p <= 72, p == 80:
	default:
		return false
	}
	sum := 0
	for i, c := range d {
		sum += int(c-'0') * [...]int{3, 7, 1}[i%3]
	}
	return sum%10 == 0
}

// bicAt returns the end of the BIC at i, or 0: four letters of the bank, two of the country, two of the place, which is
// not passive or a test when its first one is not 0 or 1, and three of the branch.
func bicAt(t *text, i int) int {
	end := t.wordEnd(i)
	if end-i != 8 && end-i != 11 || !t.valueEnds(end) {
		return 0
	}
	upper, lower := false, false
	for k := i; k < end; k++ {
		c := t.s[k]
		if !isLetter(c) && (k < i+6 || !isDigit(c)) {
			return 0
		}
		upper, lower = upper || isUpper(c), lower || isLower(c)
	}
	if upper && lower || t.s[i+6] == '0' || t.s[i+6] == '1' || t.s[i+7]&^0x20 == 'O' || !isCountry(t.s[i+4], t.s[i+5]) {
		return 0
	}
	return end
}

// bankCues say that an account number is one of a bank.
var bankCues = []string{"bank", "routing", "checking", "savings", "ach ", "aba ", "wire ", "deposit"}

// sortCues say that it is one of the United Kingdom.
var sortCues = []string{"sort code", "sortcode", "sort_code", "sorting code"}

var (
	ukAccountAt      = numberReader(8, 8)
	usAccountAt      = numberReader(6, 17)
	trustedUKAccount = readByKey(0.95, ukAccountAt)
	trustedAccount   = readByKey(0.93, accountAt)
)

// bankAccountByKey verifies an account number under a key: that of the United Kingdom with its sort code near, one under a
// key of any account with a bank near.
func bankAccountByKey(t *text, v value) {
	if v.weak() && !v.attr() && t.cue(sortCues, v.keyStart, v.end) {
		v.ref.entity = UKBankAccount
		trustedUKAccount(t, v)
		return
	}
	if v.weak() && (v.attr() || !t.cue(bankCues, v.keyStart, v.end)) {
		t.near = true
		return
	}
	trustedAccount(t, v)
}

// accountAt reads the digits of an account, in groups or not.
func accountAt(t *text, i int) int {
	n := 0
	for ; n <= 17; i++ {
		if isDigit(t.at(i)) {
			n++
		} else if n == 0 || t.at(i) != '-' && t.at(i) != ' ' || !isDigit(t.at(i+1)) {
			break
		}
	}
	if n < 6 || n > 17 || !t.valueEnds(i) {
		return 0
	}
	return i
}

// accountWord verifies the digits after the word account at i: of the United Kingdom with a sort code near, else of the
// United States with a word of a bank near.
func accountWord(t *text, i int) {
	start := t.afterWords(t.wordEnd(i))
	if start == 0 {
		return
	}
	end := usAccountAt(t, start)
	switch {
	case end == 0:
		t.near = true
	case end-start == 8 && t.cue(sortCues, start, end):
		t.add(UKBankAccount, start, end, 0.9)
	case t.cue(bankCues, start, end):
		t.add(USBankAccount, start, end, 0.88)
	}
}

// sortCodeAt returns the end of the sort code at i, or 0.
func sortCodeAt(t *text, i int) int {
	end := t.formEnd(i, "dd dd dd")
	if end == 0 || t.sameDigits(i, end) || end-i != 6 && (end-i != 8 || t.s[i+2] != t.s[i+5]) {
		return 0
	}
	return end
}

// sortCodeWord verifies the sort code after its words at i, and the account number right behind it.
func sortCodeWord(t *text, i int) {
	words := t.wordEnd(i)
	if t.at(words) == ' ' && t.hasFold(words+1, "code") {
		words += len(" code")
	}
	start := t.afterWords(words)
	if start == 0 {
		return
	}
	end := sortCodeAt(t, start)
	if end == 0 {
		t.near = true
		return
	}
	t.add(UKSortCode, start, end, 0.93)
	for start = end; start < end+2 && (t.at(start) == ' ' || t.at(start) == ',' || t.at(start) == '/'); start++ {
	}
	if end = ukAccountAt(t, start); end > 0 {
		t.add(UKBankAccount, start, end, 0.9)
	}
}
