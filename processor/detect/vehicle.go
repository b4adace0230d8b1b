package detect

import (
	"slices"
	"strings"
)

// The entities of this family.
const (
	VIN Entity = iota + endMedical
	LicensePlate
	endVehicle
)

func vehicleRules() []rule {
	return []rule{
		{
			entity: VIN,
			Info: Info{
				Name: "vin", Class: "vin", Group: Personal, Compact: true,
				Rule:   "Seventeen characters without I, O and Q, the last four digits, by key or cue; alone with the check digit of North America and the code of a known maker",
				Not:    "Seventeen characters without key, cue or known maker: ids of pods, builds and requests",
				Source: "ISO 3779, ISO 3780, 49 CFR 565",
			},
			keys: append(keys(
				"vin", "vin number", "vin no", "vin code", "vehicle identification number", "vehicle vin", "vehicle id number", "chassis number", "chassis no", "fahrgestellnummer", "fahrzeug identifizierungsnummer", "fin nummer", "numero de chasis", "numero de bastidor",
				"numero de chassis", "numero chassis", "numero de serie vehicule", "numero telaio",
			), weakKeys("fin", "chassis")...),
			value: shapeByKey(0.97, isVINByKey),
			shapes: []shape{
				{layout: "xxxxxxxxxxxxxdddd", valid: isVIN, conf: 0.93},
				{layout: "xxxxxxxxxxxxxdddd", valid: isVINByCue, cued: true, conf: 0.95},
			},
			cues: []string{"vin ", "vins ", "vehicle", "chassis n", "fahrgestell"},
			examples: examples{
				positive: []string{
					"vin=«1HGCM82633A004352»", "car «1M8GDM9AXKP042788» sold", `{"vin":"«WVWZZZ1JZXW000001»"}`, "VIN «WDB9066351S123456» registered", "vehicle.vin|«5yjsa1e26hf000337»", "chassis number: «JHMCM56557C404453»", "imported «JHMCM56557C404453» today",
				},
				negative: []string{
					"1HGCM82633A004353", "id 1ABCD23456E789012", "vin=null", "vin=1HGCM82633A00435", "x1HGCM82633A004352", "vin=1HGCM82633O004352", "hash 9F86D081884C7D659", "build 1HGCM82633A004352-x", "12345678901234567", "vin 11111111111111111",
				},
			},
		},
		{
			entity: LicensePlate,
			Info: Info{
				Name: "license_plate", Class: "plate", Group: Personal, Compact: true,
				Rule:   "Groups of letters and digits as plates have them, by key or right after a cue; the layouts of some countries as the whole text under no key",
				Not:    "Groups of letters and digits without key or cue: hosts, zones, models",
				Source: "Council Regulation (EC) 2411/98, national registration authorities",
			},
			keys: append(keys(
				"license plate", "licence plate", "licenseplate", "license plate number", "licence plate number", "license plate no", "number plate", "numberplate", "plate number", "plate no", "platenumber", "registration plate", "vehicle registration", "vehicle registration number", "vehicle reg",
				"vehicle plate", "car plate", "car reg", "car registration", "vrn", "vrm", "kennzeichen", "kfz kennzeichen", "nummernschild", "plaka", "plaka no", "plaka numarasi", "immatriculation", "plaque immatriculation", "placa", "placa vehiculo", "placa do veiculo", "targa", "kenteken",
			), weakKeys("plate", "plates", "matricula")...),
			value: plateByKey,
			prefixes: slices.Concat(
				plateWords(plateAt, "license plate", "licence plate", "license plates", "number plate", "plate", "registration plate", "vehicle registration", "vehicle reg", "car registration", "car reg", "vrn", "vrm", "kennzeichen", "kfz-kennzeichen", "nummernschild", "plaka", "plakası", "plakasi", "immatriculation", "matrícula", "matricula", "placa", "targa", "kenteken"),
				plateWords(britishPlateAt, "vehicle", "car"),
			),
			alone: isPlateAlone,
			examples: examples{
				positive: []string{
					"license plate «AB51 ABC» seen", `{"licensePlate":"«B-MW 1234»"}`, "Kennzeichen «M-XY-999» gesehen", "plate_number=«7ABC123»", "Plates: «APP-456CV» and «KJA-999PZ»", "Plaka «34 ABC 1234» ve «06 JK 567»", "My car reg is «AB51 ABC» and it expires", "vehicle.license_plate|«ab51 abc»",
					"Vehicles «AB51 ABC» and «BD62XYZ» were seen", "targa «AB123CD».", "license plate («AB51 ABC»)", "plate no. «1234 BCD»", "kenteken «12-AB-34»", "Araç plakası «34 ABC 1234» olarak", "number plate «M456DEF»", "vrn=«AB51ABC»", "?plate_number=«B+AB+1234»&x=1", "The plate number is «ABJ-123XY» for",
				},
				negative: []string{
					"plate A12", "license plate null", "plate 96 wells", "plate_number=null", "order AB51 ABC", "template AB51ABC", "vehicle 12 started", "plates 3 and 4", "license_plate=true", "boilerplate 34 ABC 1234", "vehicle HTTP2", "plate: empty", "license plate recognition V2", "car 54 WHERE",
				},
			},
		},
	}
}

// isVIN checks the code of the maker, the check digit and the year of the model.
func isVIN(c []byte) bool {
	return isVINByKey(c) && makers[string(c[:3])] && c[9] != 'U' && c[9] != 'Z' && c[9] != '0' && vinCheck(c) == c[8]
}

// isVINByKey checks the characters only: outside North America the check digit is none.
func isVINByKey(c []byte) bool {
	if len(c) != 17 {
		return false
	}
	letters := 0
	for i, b := range c {
		switch {
		case b == 'I', b == 'O', b == 'Q', i >= 13 && !isDigit(b):
			return false
		case isLetter(b):
			letters++
		}
	}
	return letters > 0
}

// isVINByCue wants a letter that no hexadecimal number has, as nearly every maker's code and model have.
func isVINByCue(c []byte) bool {
	for _, b := range c {
		if b > 'F' {
			return isVINByKey(c)
		}
	}
	return false
}

// vinValues are the values of the letters from A on; I, O and Q have none.
const vinValues = "12345678.12345.7.923456789"

// vinCheck returns the check digit of 49 CFR 565.15.
func vinCheck(c []byte) byte {
	sum := 0
	for i, w := range [...]int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2} {
		v := c[i]
		if isLetter(v) {
			v = vinValues[v-'A']
		}
		sum += int(v-'0') * w
	}
	if sum %= 11; sum == 10 {
		return 'X'
	}
	return byte('0' + sum)
}

// makers are world manufacturer identifiers of cars, vans, trucks and motorcycles sold in numbers, by region.
var makers = func() map[string]bool {
	m := map[string]bool{}
	for _, code := range strings.Fields(makerCodes) {
		m[code] = true
	}
	return m
}()

const makerCodes = `
1B3 1B4 1B7 1C3 1C4 1C6 1D3 1D4 1D7 1FA 1FB 1FC 1FD 1FM 1FT 1FU 1FV 1G1 1G2 1G3 1G4 1G6 1G8 1GB 1GC 1GD 1GK 1GM 1GN 1GT 1GY 1HD 1HF 1HG 1HT 1J4 1J8 1L1 1LN 1M1 1M2 1M8 1ME 1MR 1N4 1N6 1NK 1NP 1NX 1P3 1VW 1XK 1XP 1YV 1ZV
2A4 2A8 2B3 2C3 2C4 2D3 2D4 2D8 2FA 2FM 2FT 2FZ 2G1 2G2 2G4 2G6 2GC 2GK 2GT 2HG 2HH 2HJ 2HK 2HM 2HN 2LM 2ME 2NV 2T1 2T2 2T3 2V4 2V8 2WK 2XK 2XP
3A4 3C3 3C4 3C6 3C7 3CZ 3D3 3D4 3D7 3FA 3FE 3FM 3G1 3G4 3G5 3G7 3GC 3GK 3GN 3GT 3GY 3H1 3HA 3HG 3HM 3KP 3LN 3MD 3MV 3MW 3MY 3MZ 3N1 3N6 3NM 3PC 3TM 3TY 3VV 3VW 3WK
4A3 4A4 4F2 4F4 4JG 4M2 4N2 4S3 4S4 4T1 4T3 4T4 4UF 4US 4UZ 4V4 5FN 5FP 5FR 5GA 5GZ 5J6 5J8 5KB 5KJ 5KK 5LM 5N1 5N3 5NM 5NP 5PV 5TB 5TD 5TE 5TF 5UM 5UX 5XX 5XY 5YF 5YJ 5YM 7FA 7JR 7MM 7PD 7SA 7YA
6F1 6FP 6G1 6H8 6MM 6T1 8A1 8AF 8AG 8AJ 8AP 8AW 935 936 93H 93X 93Y 9BD 9BF 9BG 9BM 9BR 9BW
AAV ABM ADM AFA AHT
JA3 JA4 JF1 JF2 JH2 JH4 JHL JHM JKA JKB JM1 JM3 JN1 JN6 JN8 JS1 JS2 JS3 JT2 JT3 JT4 JT6 JT8 JTD JTE JTH JTJ JTK JTL JTM JTN JTX JYA KL1 KL4 KL5 KL7 KL8 KM8 KMH KMT KNA KNC KND KNM KPT
L6T LB3 LFM LFV LGX LRB LRW LSG LSJ LSV LVH LVS LVV LYV MA1 MA3 MAJ MAK MAL MAT MBH MZB NLA NLH NM0 NMT
SAJ SAL SAR SB1 SCA SCB SCC SCF SDB SFD SHH SHS SJN SMT SUF TMA TMB TRU TSM TW1 U5Y UU1 VAG VBK VF1 VF3 VF6 VF7 VNK VR1 VR3 VS6 VSK VSS VWV
W0L W1K W1N W1V W1W W1Y WA1 WAU WB5 WBA WBS WBW WBX WBY WDB WDC WDD WDF WDY WF0 WMA WME WMW WMZ WP0 WP1 WUA WV1 WV2 WVG WVW
X4X X7L X96 X9F XLR XTA XUF XW8 XWE YAR YS2 YS3 YV1 YV2 YV4 Z94 ZAM ZAP ZAR ZCF ZDM ZFA ZFB ZFF ZHW ZLA ZN6
`
