package detect

// birthWords wake the reader of dates after the words for a birth. Those that begin like data and date, which logs are
// full of, are known by their last word.
var birthWords = bornAfter(
	"born on", "born", "birth date", "birthdate", "birthday", "birth", "dob",
	"geboren am", "geboren op", "geboren", "geburtsdatum", "geburtstag", "geb", "geboortedatum", // German, Dutch
	"née le", "né le", "naissance", // French
	"nacido el", "nacida el", "nacimiento", // Spanish
	"nato il", "nata il", "nascita", // Italian
	"nascido em", "nascida em", "nascimento", // Portuguese
	"urodzony", "urodzona", "urodzenia", "narozen", "narození", // Polish, Czech
	"född", "födelsedatum", "født", "fødselsdato", "syntynyt", "syntymäaika", // Swedish, Danish and Norwegian, Finnish
	"doğum tarihi", "született", "nașterii", "lahir", // Turkish, Hungarian, Romanian, Indonesian
)

// birthCues say near a date of another time that it is one of a birth, in scripts whose words wake no reader, too.
var birthCues = []string{
	"born", "birth", "geburtsdatum", "naissance", "nacimiento", "nascita", "nascimento", "urodzenia", "narozen", "рожден", "родил", "народжен", "γέννησης", "生年月日", "出生", "생년월일", "ميلاد",
}

// birthDates are the layouts of dates in digits.
var birthDates = []digitShape{
	{layout: "dddd-dd-dd", valid: isBirthYearFirst, cued: true, conf: 0.85},
	{layout: "dddd/dd/dd", valid: isBirthYearFirst, cued: true, conf: 0.85},
	{layout: "dddd.dd.dd", valid: isBirthYearFirst, cued: true, conf: 0.85},
	{layout: "dd-dd-dddd", valid: isBirthYearLast, cued: true, conf: 0.85},
	{layout: "dd/dd/dddd", valid: isBirthYearLast, cued: true, conf: 0.85},
	{layout: "dd.dd.dddd", valid: isBirthYearLast, cued: true, conf: 0.85},
}

// The years that a date with a mere cue near may be of: the dates of telemetry itself are later.
const (
	firstBirth = 1900
	lastBirth  = 2012
)

func isBirthYearFirst(d []byte) bool {
	year := number(d[:4])
	return year >= firstBirth && year <= lastBirth && validDate(year, number(d[4:6]), number(d[6:]), 1) > 0
}

func isBirthYearLast(d []byte) bool {
	year, a, b := number(d[4:]), number(d[:2]), number(d[2:4])
	return year >= firstBirth && year <= lastBirth && validDate(year, a, b, 1)+validDate(year, b, a, 1) > 0
}

func bornAfter(words ...string) []prefix {
	list := make([]prefix, len(words))
	for k, word := range words {
		list[k] = prefix{word + whole, func(t *text, i int) {
			start := t.afterWords(i + len(word))
			if t.hasFold(start, "on ") {
				start += len("on ")
			}
			if start == 0 {
				return
			}
			if end := t.date(start); end > 0 {
				t.add(DateOfBirth, start, end, 0.85)
			}
		}}
	}
	return list
}
