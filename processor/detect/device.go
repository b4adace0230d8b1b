package detect

import "slices"

// The entities of this family.
const (
	IMEI Entity = iota + endNetwork
	IMSI
	ICCID
	DeviceID
	AdvertisingID
	endDevice
)

func deviceRules() []rule {
	return []rule{
		{
			entity: IMEI,
			Info: Info{
				Name: "imei", Class: "imei", Group: Network, Compact: true,
				Rule:   "Fifteen digits with Luhn in the 2-6-6-1 layout, by key or by cue; sixteen (IMEISV) by key",
				Not:    "Fifteen digits without layout, key or cue: one number in ten passes Luhn",
				Source: "3GPP TS 23.003, GSMA TS.06",
			},
			keys:  keys("imei", "imei number", "imei no", "device imei", "imeisv", "imei1", "imei2"),
			value: digitsByKey(0.99, isIMEIByKey),
			digits: []digitShape{
				{layout: "dd-dddddd-dddddd-d", valid: isIMEI, conf: 0.97},
				{layout: "dd dddddd dddddd d", valid: isIMEI, conf: 0.93},
				{layout: "dddddddd-dddddd-d", valid: isIMEI, cued: true, conf: 0.96},
				{layout: "ddddddddddddddd", valid: isIMEI, cued: true, conf: 0.96},
			},
			cues: []string{"imei", "handset"},
			examples: examples{
				positive: []string{
					"attach IMEI «490154203237518» ok", "imei=«356938035643809»", "«49-015420-323751-8» blocked", `{"imei":"«35-693803-564380-9»"}`, "device.imei|«490154203237518»", "IMEI: «86 471203 123456 5»",
					`{"imei2":«356938035643809»}`,
				},
				negative: []string{
					"490154203237518", "id 490154203237518", "imei=490154203237517", "49-015420-323751-7", "12-015420-323751-8", "imei=000000000000000", "span 49-015420-323751-8-2", "offset 356938035643809 lag 3",
				},
			},
		},
		{
			entity: IMSI,
			Info: Info{
				Name: "imsi", Class: "imsi", Group: Network, Compact: true,
				Rule:   "Fourteen or fifteen digits that start with a mobile country code, by key or by cue",
				Not:    "Fifteen digits without key or cue",
				Source: "ITU-T E.212",
			},
			keys:  keys("imsi", "imsi number", "subscriber imsi", "supi"),
			value: imsiByKey,
			digits: []digitShape{
				{layout: "ddddddddddddddd", valid: isIMSI, cued: true, conf: 0.95},
				{layout: "dddddddddddddd", valid: isIMSI, cued: true, conf: 0.9},
			},
			cues:     []string{"imsi", "supi "},
			prefixes: []prefix{{"imsi-", afterIMSI}},
			examples: examples{
				positive: []string{"IMSI «262011234567890» attached", "imsi=«310150123456789»", `{"supi":"imsi-«208930000000003»"}`, "subscriber.imsi|«262011234567890»", "deregister imsi-«262011234567890»"},
				negative: []string{"262011234567890", "imsi=162011234567890", "id 310150123456789", "imsi=26201", "imsi=000000000000000", "seq 262011234567890 done"},
			},
		},
		{
			entity: ICCID,
			Info: Info{
				Name: "iccid", Class: "iccid", Group: Network, Compact: true,
				Rule:   "89 and 17 or 18 more digits with Luhn, by key or by cue",
				Not:    "Nineteen or twenty digits without key or cue: epochs in nanoseconds",
				Source: "ITU-T E.118",
			},
			keys:  keys("iccid", "icc id", "sim serial", "sim serial number", "sim iccid", "sim number", "euicc id", "sim id"),
			value: digitsByKey(0.99, isICCID),
			digits: []digitShape{
				{layout: "ddddddddddddddddddd", valid: isICCID, cued: true, conf: 0.96},
				{layout: "dddddddddddddddddddd", valid: isICCID, cued: true, conf: 0.96},
				{layout: "dddd dddd dddd dddd ddd", valid: isICCID, cued: true, conf: 0.96},
				{layout: "dddd dddd dddd dddd dddd", valid: isICCID, cued: true, conf: 0.96},
				{layout: "dddd-dddd-dddd-dddd-ddd", valid: isICCID, cued: true, conf: 0.96},
			},
			cues: []string{"iccid", "sim ", "simcard", "esim"},
			examples: examples{
				positive: []string{"SIM «8944500102198304826» activated", "iccid=«89014103211118510720»", "sim.iccid|«8944500102198304826»", "ICCID: «8944 5001 0219 8304 826»"},
				negative: []string{"8944500102198304826", "iccid=8944500102198304827", "id 89014103211118510720", "sim 1234567890123456789", "simulation 8944500102198304826", "ns 8944500102198304826"},
			},
		},
		{
			entity: DeviceID,
			Info: Info{
				Name: "device_id", Class: "device", Group: Network, Compact: true,
				Rule:   "A UUID, sixteen hexadecimal digits or a serial number by key",
				Not:    "UUIDs and hexadecimal ids under other keys, devices of disks and buses",
				Source: "Android Settings.Secure, Apple UIDevice, OpenTelemetry device attributes",
			},
			keys: keys(
				"device id", "deviceid", "device uuid", "device guid", "device udid", "device identifier", "android id", "ssaid", "identifier for vendor", "idfv", "hardware id", "hwid", "udid", "device serial", "device serial number",
				"handset id", "installation id", "install id", "device fingerprint", "vendor identifier", "ios vendor id", "phone id", "terminal id", "machine uuid",
			),
			value:    readByKey(0.9, deviceIDAt),
			prefixes: after(DeviceID, 0.85, uuidAt, "device id", "android id", "idfv", "udid"),
			examples: examples{
				positive: []string{
					"device_id=«9774d56d682e549c»", `{"deviceId":"«f07a13984f6d116a»"}`, "device.id|«6D92078A-8246-4BA4-AE5B-76104861E7DC»", "idfv: «6d92078a-8246-4ba4-ae5b-76104861e7dc»", "device id «6D92078A-8246-4BA4-AE5B-76104861E7DC» registered",
					"udid=«00008030-001A2D3E1E90802E»", "device_serial=«R58M12ABCDE»",
				},
				negative: []string{
					"device_id=0", "device_id=sda1", "device_id=nvme0n1p1", "device id 0x10de", "device_id=null", "device_id=0000:00:1f.2", "device id: 3", "device_id=00000000-0000-0000-0000-000000000000", "device_id=default-camera", "block device id 8",
					"request 6D92078A-8246-4BA4-AE5B-76104861E7DC",
				},
			},
		},
		{
			entity: AdvertisingID,
			Info: Info{
				Name: "advertising_id", Class: "adid", Group: Network, Compact: true,
				Rule:   "A UUID by the key of an advertising id (IDFA, GAID, AAID, OAID, RIDA, ...) or right after it",
				Not:    "UUIDs without the key or the words of an advertising id",
				Source: "Apple AdSupport, Google Play services, IAB guidelines for identifiers on OTT",
			},
			keys: keys(
				"idfa", "gaid", "aaid", "oaid", "rida", "tifa", "lgudid", "vaid", "adid", "ad id", "gps adid", "advertising id", "advertisingid", "advertising identifier", "advertiser id", "identifier for advertisers", "google ad id", "ifa",
				"google advertising id", "apple advertising id", "amazon advertising id", "raw advertising id",
			),
			value: readByKey(0.97, uuidAt),
			prefixes: slices.Concat(
				after(AdvertisingID, 0.95, uuidAt, "idfa", "gaid", "aaid", "oaid", "advertising id", "advertising identifier", "ad id"),
			),
			examples: examples{
				positive: []string{
					"idfa=«6D92078A-8246-4BA4-AE5B-76104861E7DC»", `{"gaid":"«38400000-8cf0-11bd-b23e-10b96e40000d»"}`, "?gps_adid=«38400000-8cf0-11bd-b23e-10b96e40000d»&x=1", "IDFA «6D92078A-8246-4BA4-AE5B-76104861E7DC» opted in",
					"app.advertising_id|«6D92078A-8246-4BA4-AE5B-76104861E7DC»",
				},
				negative: []string{
					"idfa=00000000-0000-0000-0000-000000000000", "id 6D92078A-8246-4BA4-AE5B-76104861E7DC", "gaid=null", "ad_id=12", "thread id 6D92078A-8246-4BA4-AE5B-76104861E7DC", "read id 38400000-8cf0-11bd-b23e-10b96e40000d",
				},
			},
		},
	}
}

// isIMEI checks the reporting body, which the first two digits name, and Luhn.
func isIMEI(d []byte) bool {
	return len(d) == 15 && isReportingBody(number(d[:2])) && luhn(d)
}

// isReportingBody reports whether the GSMA lets, or once let, an organization hand out type allocation codes from the
// prefix.
func isReportingBody(n int) bool {
	switch n {
	case 1, 10, 30, 33, 35, 44, 45, 49, 50, 51, 52, 53, 54, 86, 91, 98, 99:
		return true
	}
	return false
}

// isIMEIByKey also accepts fourteen digits without a check digit and sixteen with a software version.
func isIMEIByKey(d []byte) bool {
	return len(d) == 15 && luhn(d) || (len(d) == 14 || len(d) == 16) && isReportingBody(number(d[:2]))
}

// isIMSI checks the mobile country code: that of a zone of the world, or one shared by countries or for tests.
func isIMSI(d []byte) bool {
	if len(d) != 14 && len(d) != 15 {
		return false
	}
	code := number(d[:3])
	return d[0] >= '2' && d[0] <= '7' || code == 901 || code == 1 || code == 999
}

var trustedIMSI = digitsByKey(0.98, isIMSI)

// imsiByKey also reads the form of the 5G core: imsi-208930000000003.
func imsiByKey(t *text, v value) {
	if t.hasFold(v.start, "imsi-") {
		v.start += len("imsi-")
	}
	trustedIMSI(t, v)
}

// afterIMSI verifies that form in text.
func afterIMSI(t *text, i int) {
	start := i + len("imsi-")
	end := t.span(start, 16, isDigit)
	if end-start <= 15 && isIMSI([]byte(t.s[start:end])) && t.valueEnds(end) {
		t.add(IMSI, start, end, 0.97)
	}
}

// isICCID checks the industry code of telecommunication and Luhn.
func isICCID(d []byte) bool {
	return (len(d) == 19 || len(d) == 20) && d[0] == '8' && d[1] == '9' && luhn(d)
}

// uuidAt returns the end of the UUID at i, other than the one of zeros that stands for none, or 0.
func uuidAt(t *text, i int) int {
	const size = len("00000000-0000-0000-0000-000000000000")
	if i+size > len(t.s) || !t.valueEnds(i+size) {
		return 0
	}
	zero := true
	for k := range size {
		c := t.s[i+k]
		switch k {
		case 8, 13, 18, 23:
			if c != '-' {
				return 0
			}
		default:
			if !isHex(c) {
				return 0
			}
			zero = zero && c == '0'
		}
	}
	if zero {
		return 0
	}
	return i + size
}

// longestDevice is the longest id of a device that is read.
const longestDevice = 64

// deviceIDAt returns the end of what identifies a device under a key: a UUID, at least fourteen hexadecimal digits with
// hyphens between them, or a serial number of capitals and digits. Names of devices of an operating system are none.
func deviceIDAt(t *text, i int) int {
	if end := uuidAt(t, i); end > 0 {
		return end
	}
	n, digits, hex, upper, differ := 0, 0, true, true, false
	j := i
	for ; j < i+longestDevice; j++ {
		c := t.at(j)
		if c == '-' && j > i && isAlnum(t.at(j+1)) {
			continue
		}
		if !isAlnum(c) {
			break
		}
		n++
		if isDigit(c) {
			digits++
		}
		hex = hex && isHex(c)
		upper = upper && !isLower(c)
		differ = differ || c != t.s[i]
	}
	if !differ || !t.valueEnds(j) || digits < 3 {
		return 0
	}
	if hex && n >= 14 || upper && n >= 8 || n >= 20 && digits >= 4 {
		return j
	}
	return 0
}
