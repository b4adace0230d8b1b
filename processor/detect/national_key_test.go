package detect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeysOfCountries(t *testing.T) {
	for _, tt := range []struct {
		key  string
		want Entity
	}{
		{"polish_tax_id", PLNIP},
		{"plTaxNumber", PLNIP},
		{"poland.national_id", PLPESEL},
		{"applicant_german_tax_id", DETaxID},
		{"german id card no", DEIDCard},
		{"koreanPassportNumber", KRPassport},
		{"kr_company_registration_number", KRBRN},
		{"nl-national-id", NLBSN},
		{"south_african_id_number", ZAID},
		{"SouthAfricaNationalID", ZAID},
		{"us_social_security_number", USSSN},
		{"canadian_social_insurance_number", CASIN},
		{"it_vat_id", ITVAT},
		{"british_driving_licence_number", UKDriversLicense},
		{"belgian_tax_office", None},
		{"has_polish_passport", None},
	} {
		t.Run(tt.key, func(t *testing.T) {
			require.Equal(t, tt.want, lookupKey(tt.key).entity)
		})
	}
}
