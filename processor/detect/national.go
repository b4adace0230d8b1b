package detect

// Keys that name an id without its country: the value says whose it is.

// candidate is an entity that a value may be, with its check.
type candidate struct {
	entity Entity
	verify func(*text, value)
}

// oneOf returns a verifier of values by key that takes the first candidate which fits.
func oneOf(candidates ...candidate) func(*text, value) {
	return func(t *text, v value) {
		n := len(t.out)
		for _, c := range candidates {
			v.ref.entity = c.entity
			if c.verify(t, v); len(t.out) > n {
				return
			}
		}
	}
}

// The candidates are in the order of the strength of their checks.
var (
	// nationalIDByKey verifies an id of a person.
	nationalIDByKey = oneOf(
		candidate{USSSN, digitsByKey(0.99, isSSN)},
		candidate{ITFiscalCode, shapeByKey(0.97, isFiscalCode)},
		candidate{UKNINO, shapeByKey(0.97, isNINO)},
		candidate{FIHETU, shapeByKey(0.97, isHETU)},
		candidate{ESNIE, shapeByKey(0.97, isNIE)},
		candidate{ESNIF, shapeByKey(0.97, isNIF)},
		candidate{DESocialSecurity, shapeByKey(0.97, isRVNR)},
		candidate{FRNIR, shapeByKey(0.97, isNIR)},
		candidate{NOFNR, digitsByKey(0.95, isFNR)},
		candidate{BENRN, digitsByKey(0.95, isNRN)},
		candidate{ROCNP, digitsByKey(0.95, isCNP)},
		candidate{TRTCKN, digitsByKey(0.93, isTCKN)},
		candidate{PLPESEL, digitsByKey(0.93, isPESEL)},
		candidate{SEPersonnummer, digitsByKey(0.93, isPersonnummer)},
		candidate{BGEGN, digitsByKey(0.92, isEGN)},
		candidate{CZRC, digitsByKey(0.92, isRC)},
		candidate{DKCPR, digitsByKey(0.91, isCPR)},
		candidate{HROIB, digitsByKey(0.91, isOIB)},
		candidate{DEIDCard, shapeByKey(0.9, isDEIDCard)},
		candidate{ITIDCard, shapeByKey(0.9, isITIDCard)},
	)
	// taxIDByKey verifies a number of a taxpayer.
	taxIDByKey = oneOf(
		candidate{USITIN, digitsByKey(0.95, isITIN)},
		candidate{ESNIE, shapeByKey(0.95, isNIE)},
		candidate{ESNIF, shapeByKey(0.95, isNIF)},
		candidate{ITFiscalCode, shapeByKey(0.95, isFiscalCode)},
		candidate{PLNIP, digitsByKey(0.93, isNIP)},
		candidate{DETaxID, digitsByKey(0.93, isIdNr)},
		candidate{ITVAT, digitsByKey(0.93, isITVAT)},
		candidate{USEIN, digitsByKey(0.95, isEIN)},
	)
	// passportByKey verifies the number of a passport; what none of the known countries writes counts as American.
	passportByKey = oneOf(
		candidate{USPassport, shapeByKey(0.95, isUSPassport)},
		candidate{DEPassport, shapeByKey(0.95, isDEPassport)},
		candidate{UKPassport, shapeByKey(0.95, isUKPassport)},
		candidate{USPassport, shapeByKey(0.85, isAnyPassport)},
	)
	// driversLicenseByKey verifies the number of a license.
	driversLicenseByKey = oneOf(
		candidate{UKDriversLicense, ukLicenseByKey},
		candidate{ITDriversLicense, itLicenseByKey},
		candidate{USDriversLicense, shapeByKey(0.9, isUSLicense)},
	)
)

// isAnyPassport accepts up to three letters among at least five digits.
func isAnyPassport(c []byte) bool {
	digits := countDigits(c)
	return len(c) >= 6 && len(c) <= 10 && digits >= 5 && len(c)-digits <= 3
}

func countDigits(c []byte) int {
	n := 0
	for _, b := range c {
		if isDigit(b) {
			n++
		}
	}
	return n
}
