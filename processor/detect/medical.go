package detect

// The entities of this family.
const (
	MedicalRecordNumber Entity = iota + endGovernmentAfrica
	HealthInsuranceNumber
	endMedical
)

func medicalRules() []rule {
	return []rule{
		{
			entity: MedicalRecordNumber,
			Info: Info{
				Name: "medical_record_number", Class: "mrn", Group: Health, Compact: true,
				Rule:   "Five to fifteen letters and digits by key or right after a cue",
				Not:    "Numbers without key or cue; ids of log records",
				Source: "45 CFR 164.514(b)(2)(i)(H)",
			},
			keys: append(keys(
				"mrn", "medical record number", "medical record no", "medical record id", "medical record", "patient mrn", "health record number", "health record no", "hospital number", "patient record number", "chart number", "medical id", "medical number", "patientenaktennummer", "fallnummer patient",
				"numero de dossier medical", "numero historia clinica", "historia clinica", "prontuario",
			), weakKeys("record number", "chart no", "record no")...),
			value:    medicalByKey(medicalRecordAt),
			prefixes: after(MedicalRecordNumber, 0.9, medicalRecordAt, "mrn", "medical record", "health record no", "health record number", "hospital number", "historia clínica", "historia clinica"),
			examples: examples{
				positive: []string{
					"MRN «00482913» admitted", "mrn=«A1234567»", `{"medicalRecordNumber":"«MR-482913»"}`, "medical record number «00482913», ward 3", "patient.mrn|«482913»", "MRN: «482-91-34»", `MRN "«1663204»" has`, "patient chart, record number: «4829134»",
				},
				negative: []string{
					"mrn=null", "medical record 12", "medical records updated", "record number: 4829134", "mrn=x", "mrn 00000000", "medical record created 2024", "MRN lookup 482913", "mrn:acme:service", "mrn=user-service",
				},
			},
		},
		{
			entity: HealthInsuranceNumber,
			Info: Info{
				Name: "health_insurance_number", Class: "insurance", Group: Health, Compact: true,
				Rule:   "Six to twenty letters and digits by key or right after a cue",
				Not:    "Ids of policies and plans of software without the words of health insurance",
				Source: "45 CFR 164.514(b)(2)(i)(I)",
			},
			keys: append(keys(
				"health insurance number", "health insurance no", "health insurance id", "health insurance member id", "health plan number", "health plan id", "health plan beneficiary number", "insurance member id", "insurance member number", "insurance policy number", "insurance policy no", "insurance number",
				"insurance id", "medicaid id", "medicaid number", "health card number", "health card no", "ohip", "ohip number", "numero de mutuelle", "numero assurance maladie", "numero de poliza", "ehic number",
			), weakKeys("policy number", "policy no", "member number", "group number", "beneficiary number", "subscriber number")...),
			value:    medicalByKey(insuranceAt),
			prefixes: after(HealthInsuranceNumber, 0.9, insuranceAt, "health insurance", "health plan", "insurance member", "insurance policy", "insurance number", "medicaid", "ohip", "health card"),
			examples: examples{
				positive: []string{
					"health_insurance_number=«XYZ123456789»", `{"insuranceMemberId":"«W123456789»"}`, "health plan id «H1234567801» active", "Medicaid ID: «AB12345C67»", "insurance.policy_number|«HP-4829134-01»", "patient insured, policy number: «POL4829134»",
				},
				negative: []string{
					"health insurance null", "policy_number=4829134", "policy number 7", "health plan renewed 2024", "insurance_id=null", "health_check_id=abc12345", "insurance number of 12345 claims", "health insurance plans 2024", "member_number=7", "insurance_id=00000000",
				},
			},
		},
	}
}

var (
	medicalRecordAt = idReader(5, 15, 4)
	insuranceAt     = idReader(6, 20, 4)
)

// healthCues say that a number of a record, a policy or a member is one of health care.
var healthCues = []string{"patient", "medical", "health", "hospital", "clinic", "insured", "insurance", "diagnos", "ward ", "admitted"}

// medicalByKey returns a verifier of values by key; a key of other things as well wants a word of health care near.
func medicalByKey(read reader) func(*text, value) {
	trusted := readByKey(0.93, read)
	return func(t *text, v value) {
		if v.weak() && (v.attr() || !t.cue(healthCues, v.keyStart, v.end)) {
			t.near = true
			return
		}
		trusted(t, v)
	}
}
