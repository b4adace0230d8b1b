package detect

import "encoding/binary"

// The entities of this family: Latin America.
const (
	BRCPF Entity = iota + endGovernmentAsia
	BRCNPJ
	MXCURP
	MXRFC
	CLRUT
	ARCUIT
	endGovernmentLatin
)

func governmentLatinRules() []rule {
	return []rule{
		{
			entity: BRCPF,
			Info: Info{
				Name: "br_cpf", Class: "cpf", Group: GovernmentID, Compact: true,
				Rule:   "Eleven digits with two check digits in the 3.3.3-2 layout, by key or by cue",
				Not:    "Eleven digits without layout, key or cue; eleven times the same digit",
				Source: "Receita Federal do Brasil",
			},
			keys:  keys("cpf", "cpf number", "numero cpf", "cpf cnpj", "cpf no", "num cpf", "numero do cpf", "nr cpf", "documento cpf", "br cpf"),
			value: digitsByKey(0.99, isCPF),
			digits: []digitShape{
				{layout: "ddd.ddd.ddd-dd", valid: isCPF, conf: 0.98},
				{layout: "ddd-ddd-ddd-dd", valid: isCPF, conf: 0.9},
				{layout: "ddddddddd-dd", valid: isCPF, cued: true, conf: 0.95},
				{layout: "ddddddddddd", valid: isCPF, cued: true, conf: 0.95},
			},
			cues: []string{"cpf", "contribuinte", "cadastro de pessoa"},
			examples: examples{
				positive: []string{"cliente «111.444.777-35»", "cpf=«11144477735»", "CPF: «11144477735»", `{"numeroCpf":"«111444777-35»"}`},
				negative: []string{"111.444.777-36", "pid 11144477735", "111.111.111-11", "v1.111.444.777-35"},
			},
		},
		{
			entity: BRCNPJ,
			Info: Info{
				Name: "br_cnpj", Class: "cnpj", Group: GovernmentID, Compact: true,
				Rule:   "Twelve digits, or letters since 2026, with two check digits in the 2.3.3/4-2 layout; bare ones by key or cue",
				Not:    "Fourteen digits without layout, key or cue; wrong check digits",
				Source: "Receita Federal do Brasil, IN RFB 2.229/2024",
			},
			keys:  keys("cnpj", "cnpj number", "numero cnpj", "num cnpj", "numero do cnpj", "nr cnpj", "documento cnpj", "br cnpj"),
			value: shapeByKey(0.99, isCNPJ),
			digits: []digitShape{
				{layout: "dd.ddd.ddd/dddd-dd", valid: isCNPJ, conf: 0.98},
				{layout: "dddddddd/dddd-dd", valid: isCNPJ, conf: 0.93},
				{layout: "dd-ddd-ddd-dddd-dd", valid: isCNPJ, cued: true, conf: 0.96},
				{layout: "dddddddddddddd", valid: isCNPJ, cued: true, conf: 0.96},
			},
			shapes: []shape{
				{layout: "dx.xxx.xxx/dddd-dd", valid: isLetteredCNPJ, conf: 0.96},
				{layout: "Lx.xxx.xxx/dddd-dd", valid: isLetteredCNPJ, conf: 0.96},
				{layout: "xxxxxxxxxxxxdd", valid: isLetteredCNPJ, cued: true, conf: 0.95},
			},
			cues: []string{"cnpj", "cadastro nacional da pessoa"},
			examples: examples{
				positive: []string{"fornecedor «16.727.230/0001-97»", "cnpj=«11222333000181»", "CNPJ: «11222333000181»", `{"cnpj":"«12.ABC.345/01DE-35»"}`, "CNPJ «12ABC34501DE35»", "nota fiscal de «11222333/0001-81»"},
				negative: []string{"16.727.230/0001-98", "11222333000181", "build 12ABC34501DE35", "11.111.111/1111-11", "cnpj 11222333000182", "image 12.345.678/0001"},
			},
		},
		{
			entity: MXCURP,
			Info: Info{
				Name: "mx_curp", Class: "curp", Group: GovernmentID, Compact: true,
				Rule:   "Letters of the names, date of birth, sex, state and mod 10",
				Not:    "Dates and states that cannot be; a wrong check digit",
				Source: "RENAPO: Instructivo normativo para la asignación de la CURP",
			},
			keys:   keys("curp", "clave unica de registro de poblacion", "mx curp", "clave curp"),
			value:  shapeByKey(0.99, isCURP),
			shapes: []shape{{layout: "LLLLddddddLLLLLLxd", valid: isCURP, folded: true, conf: 0.97}},
			cues:   []string{"curp", "registro de población", "registro de poblacion"},
			examples: examples{
				positive: []string{"CURP «BOXW310820HNERXN09»", "ciudadano «BOXW310820HNERXN09» registrado", "curp=«boxw310820hnerxn09»", `{"claveCurp":"«BOXW310820HNERXN09»"}`},
				negative: []string{"BOXW310820HNERXN08", "BOXW311320HNERXN09", "BOXW310820HQQRXN09", "CURP BOXW310820HNERXN0", "host-BOXW310820HNERXN09"},
			},
		},
		{
			entity: MXRFC,
			Info: Info{
				Name: "mx_rfc", Class: "rfc", Group: GovernmentID, Compact: true,
				Rule:   "Letters of the name, date and homoclave with mod 11, by key or by cue",
				Not:    "Letters and a date without key or cue: codes of products look the same",
				Source: "SAT: Anexo 20, estructura del RFC",
			},
			keys:  keys("rfc", "registro federal de contribuyentes", "mx rfc", "rfc receptor", "rfc emisor", "clave rfc", "rfc number"),
			value: shapeByKey(0.98, isRFC),
			shapes: []shape{
				{layout: "LLLLddddddxxx", valid: isRFC, cued: true, conf: 0.96},
				{layout: "LLLddddddxxx", valid: isRFC, cued: true, conf: 0.95},
				{layout: "LLLL-dddddd-xxx", valid: isRFC, cued: true, conf: 0.97},
				{layout: "LLL-dddddd-xxx", valid: isRFC, cued: true, conf: 0.96},
			},
			cues: []string{"rfc ", "contribuyente", "factura", "cfdi"},
			examples: examples{
				positive: []string{"RFC «GODE561231GR8»", "rfc=«gode561231gr8»", "factura a «MAB9307148T4»", `{"rfcReceptor":"«GODE561231GR8»"}`, "RFC: «GODE-561231-GR8»"},
				negative: []string{"GODE561231GR8", "RFC GODE561331GR8", "RFC GODE561231GR9", "see RFC 7231", "build PROD240115A01", "rfc=RFC7231"},
			},
		},
		{
			entity: CLRUT,
			Info: Info{
				Name: "cl_rut", Class: "rut", Group: GovernmentID, Compact: true,
				Rule:   "Seven or eight digits and mod 11 in the 2.3.3-1 layout; without dots by key or cue",
				Not:    "Numbers with a hyphen and a digit without dots, key or cue",
				Source: "Servicio de Impuestos Internos de Chile, Registro Civil",
			},
			keys:  keys("rut", "rut number", "numero rut", "rut cliente", "rut empresa", "cl rut", "rol unico tributario", "run rut", "rut run", "run chile", "rut chile"),
			value: shapeByKey(0.98, isRUT),
			shapes: []shape{
				{layout: "dd.ddd.ddd-x", valid: isRUT, folded: true, conf: 0.93},
				{layout: "d.ddd.ddd-x", valid: isRUT, conf: 0.86},
				{layout: "dddddddd-x", valid: isRUT, folded: true, cued: true, conf: 0.95},
				{layout: "ddddddd-x", valid: isRUT, folded: true, cued: true, conf: 0.94},
				{layout: "ddddddddx", valid: isRUT, folded: true, cued: true, conf: 0.93},
			},
			cues:   []string{"rut ", "rol único", "rol unico"},
			vetoes: append([]string{"kernel", "linux", "package"}, append(versionNouns, numberNouns...)...),
			examples: examples{
				positive: []string{"RUT «12.531.909-2»", "cliente «12.531.909-2» activo", "rut=«12531909-2»", "RUT: «76086428-5»", `{"rutCliente":"«6.765.434-K»"}`, "rut «10.000.013-k»"},
				negative: []string{"12.531.909-3", "version 12.531.909-2", "12531909-2", "v12.531.909-2", "12.531.909-2-el8", "build 6.765.434-k", "rut 12531909-3", "truth 12531909-2"},
			},
		},
		{
			entity: ARCUIT,
			Info: Info{
				Name: "ar_cuit", Class: "cuit", Group: GovernmentID, Compact: true,
				Rule:   "Kind of taxpayer, eight digits and mod 11 in the 2-8-1 layout; bare digits by key or cue",
				Not:    "Eleven digits without layout, key or cue; prefixes of no kind",
				Source: "AFIP, ANSES: CUIT, CUIL",
			},
			keys:  keys("cuit", "cuil", "cuit cuil", "cuit number", "numero cuit", "nro cuit", "ar cuit", "cuil number", "nro cuil"),
			value: digitsByKey(0.99, isCUIT),
			digits: []digitShape{
				{layout: "dd-dddddddd-d", valid: isCUIT, conf: 0.93},
				{layout: "dd dddddddd d", valid: isCUIT, cued: true, conf: 0.95},
				{layout: "dd.dddddddd.d", valid: isCUIT, cued: true, conf: 0.95},
				{layout: "ddddddddddd", valid: isCUIT, cued: true, conf: 0.96},
			},
			cues:   []string{"cuit", "cuil", "contribuyente", "afip"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"CUIT «20-26756539-3»", "proveedor «20-26756539-3» alta", "cuit=«20267565393»", "CUIL: «20267565393»", `{"nroCuit":"«20-26756539-3»"}`},
				negative: []string{"20-26756539-4", "20267565393", "21-26756539-3", "circuit 20267565393", "job-20-26756539-3", "order 20-26756539-3", "cuit 11111111111"},
			},
		},
	}
}

// isCPF checks eleven digits: the last two modulo 11 with weights from 10 and from 11 down.
func isCPF(d []byte) bool {
	return len(d) == 11 && !allSame(d) &&
		weighted(d[:9], 10)*10%11%10 == int(d[9]-'0') && weighted(d[:10], 11)*10%11%10 == int(d[10]-'0')
}

// isCNPJ checks twelve digits or letters, which count what ASCII says less 48, and two digits after them: weights 2 to 9
// from the right, again and again, modulo 11.
func isCNPJ(c []byte) bool {
	if len(c) != 14 || !allDigits(c[12:], 2) || allSame(c) {
		return false
	}
	x, y := binary.LittleEndian.Uint64(c)-'0'*ones8, uint64(binary.LittleEndian.Uint32(c[8:]))-'0'*(ones8>>32)
	first := everySecond(x, 5, 3, 9, 7) + everySecond(x>>8, 4, 2, 8, 6) + everySecond(y, 5, 3, 0, 0) + everySecond(y>>8, 4, 2, 0, 0)
	if int(c[12]-'0') != modulo11(int(first)) {
		return false
	}
	second := everySecond(x, 6, 4, 2, 8) + everySecond(x>>8, 5, 3, 9, 7) + everySecond(y, 6, 4, 0, 0) + everySecond(y>>8, 5, 3, 0, 0)
	return int(c[13]-'0') == modulo11(int(second)+2*int(c[12]-'0'))
}

// everySecond is the sum of the first, third, fifth and seventh byte, the first one lowest, each times its weight: the highest of
// the four lanes of a product.
func everySecond(x, a, b, c, d uint64) uint64 {
	return x & 0x00FF00FF00FF00FF * (a<<48 | b<<32 | c<<16 | d) >> 48
}

// isLetteredCNPJ is isCNPJ of a number with letters.
func isLetteredCNPJ(c []byte) bool { return isCNPJ(c) && !allDigits(c, 14) }

// curpStates are the states of birth; NE is abroad.
const curpStates = "AS BC BS CC CL CM CS CH DF DG GT GR HG JC MC MN MS NT NL OC PL QT QR SP SL SR TC TL TS VZ YN ZS NE "

// isCURP checks date, sex, state and the check digit; X, since 2023, is for neither sex.
func isCURP(c []byte) bool {
	if len(c) != 18 || !fits("LLLLddddddLLLLLLxd", c) || !isMonthDay(c[6:10]) || !has("HMX", c[10]) || !inTable(curpStates, c[11:13]) {
		return false
	}
	sum := 0
	for i, b := range c[:17] {
		sum += mexicanValue(b) * (18 - i)
	}
	return (10-sum%10)%10 == int(c[17]-'0')
}

// mexicanValue returns the value of a digit or letter in the alphabet with Ñ, or & in its place, between N and O.
func mexicanValue(b byte) int {
	v := base36(b)
	if b > 'N' {
		v++
	}
	return v
}

// isRFC checks the date and the check of the number of a person, or of a company, which counts a blank before it.
func isRFC(c []byte) bool {
	letters := len(c) - 9
	if letters != 3 && letters != 4 || !fits("LLLLddddddxxx"[4-letters:], c) || !isMonthDay(c[letters+2:letters+6]) {
		return false
	}
	sum := 0
	if letters == 3 {
		sum = 37 * 13 // the blank
	}
	for i, b := range c[:len(c)-1] {
		sum += mexicanValue(b) * (9 + letters - i)
	}
	return "0123456789A"[(11-sum%11)%11] == c[len(c)-1]
}

// isRUT checks seven or eight digits and the check, which is a digit or K: weights 2 to 7 from the right, again and again.
func isRUT(c []byte) bool {
	n := len(c) - 1
	if n != 7 && n != 8 || !allDigits(c[:n], n) || allSame(c[:n]) || number(c[:n]) < 1_000_000 {
		return false
	}
	sum := 0
	for i, b := range c[:n] {
		sum += int(b-'0') * (2 + (n-1-i)%6)
	}
	return "0K987654321"[sum%11] == c[n]
}

// isCUIT checks the kind of taxpayer and the check digit.
func isCUIT(d []byte) bool {
	if !allDigits(d, 11) || number(d[2:10]) == 0 {
		return false
	}
	switch number(d[:2]) {
	case 20, 23, 24, 25, 26, 27, 30, 33, 34:
		return (11-dot(d, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11)%11 == int(d[10]-'0')
	}
	return false
}
