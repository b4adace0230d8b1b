package names

// Cue is what the words before a name say about it.
type Cue uint8

// The kinds of cues.
const (
	NoCue    Cue = iota
	Greeting     // Dear, Bonjour
	Title        // Mr., Frau
	Role         // patient, Kunde
	Action       // assigned to, im Auftrag von
	Intro        // my name is
)

// cue is lower-case words that stand before a name, with one space.
type cue struct {
	text string
	kind Cue
}

// cues by kind. They are found backwards from a word with a capital letter, so clean text does not pay for their number.
var cues = concat(
	of(Greeting, "dear", "hello", "hi", "hey", "hallo", "bonjour", "hola", "ciao", "liebe", "lieber", "cher", "chère", "caro", "cara", "querido", "querida", "estimado", "estimada",
		"prezado", "prezada", "olá", "beste", "geachte", "welcome back", "good morning", "guten tag", "hoi", "gentile", "buongiorno", "thanks", "thank you", "welcome"),
	of(Title, "mr.", "mr", "mrs.", "mrs", "ms.", "ms", "dr.", "dr", "miss", "prof.", "prof", "professor", "herr", "frau", "herrn", "monsieur", "madame", "mme", "mme.", "sr.", "sra.",
		"señor", "señora", "signor", "signora", "geachte heer", "geachte mevrouw", "beste heer", "beste mevrouw", "sehr geehrter herr", "sehr geehrte frau", "sig.", "sig.ra", "dott.", "dhr.", "mevr.", "senhor", "senhora", "doctor", "judge", "captain", "nurse"),
	of(Role, "patient", "customer", "employee", "passenger", "client", "user", "member", "guest", "subscriber", "caller", "recipient", "cardholder", "applicant", "tenant", "student",
		"beneficiary", "policyholder", "account holder", "contact", "agent", "operator", "technician", "driver", "reviewer", "approver", "requester", "buyer", "seller", "teacher",
		"kunde", "kundin", "nutzer", "nutzerin", "benutzer", "benutzerin", "patientin", "mitarbeiter", "mitarbeiterin", "kunden", "empfänger", "empfängerin", "fahrer", "bearbeiter",
		"cliente", "paciente", "usuario", "usuaria", "empleado", "empleada", "destinatario", "utilisateur", "utilisatrice", "destinataire", "employé", "cliente", "utente", "paziente",
		"dipendente", "usuário", "usuária", "klant", "gebruiker", "medewerker", "patiënt", "funcionário", "titulaire", "titular"),
	of(Action, "signed by", "assigned to", "assigned by", "reassigned to", "on behalf of", "spoke with", "spoke to", "ordered by", "approved by", "rejected by", "reported by", "requested by",
		"created by", "reviewed by", "submitted by", "escalated to", "escalated by", "contacted by", "shipped to", "sold to", "delivered to", "deliver to", "called by", "updated by",
		"deleted by", "opened by", "closed by", "invited by", "sent by", "sent to", "sponsored by", "uploaded by", "booked by", "booked for", "reservation for", "invoice for", "prepared by",
		"prepared for", "handled by", "acknowledged by", "triggered by", "verified by", "confirmed by", "authorized by", "authorised by", "witnessed by", "transferred to", "emailed",
		"contacted", "notified", "call from", "message from", "email from", "ticket from", "complaint from", "call with", "chat with", "meeting with", "interview with", "appointment for",
		"appointment with", "refund for", "refund to", "order for", "account of", "account for", "profile of", "profile for", "password reset for", "logged in as", "signed in as",
		"impersonating", "attn", "care of", "c/o", "issued to", "issued by", "registered to", "belongs to", "paid by", "payable to", "payment from", "request from", "referred by",
		"im auftrag von", "zugewiesen an", "unterschrieben von", "erstellt von", "freigegeben von", "bestellt von", "gemeldet von", "genehmigt von", "geprüft von", "gespräch mit", "termin mit",
		"anruf von", "nachricht von", "bestellung von", "geliefert an", "angemeldet als", "au nom de", "signé par", "assigné à", "attribué à", "créé par", "approuvé par", "commandé par",
		"appel de", "rendez-vous avec", "demandé par", "envoyé à", "envoyé par", "en nombre de", "firmado por", "asignado a", "creado por", "aprobado por", "solicitado por", "llamada de",
		"pedido de", "enviado a", "enviado por", "reunión con", "cita con", "a nome di", "firmato da", "assegnato a", "creato da", "approvato da", "ordinato da", "chiamata da",
		"inviato a", "em nome de", "assinado por", "atribuído a", "criado por", "aprovado por", "namens", "ondertekend door", "toegewezen aan", "aangemaakt door", "goedgekeurd door"),
	of(Intro, "my name is", "i am", "this is", "ich bin", "mein name ist", "ich heiße", "je m'appelle", "je suis", "me llamo", "mi nombre es", "mi chiamo", "meu nome é", "mijn naam is", "regards,", "sincerely,"),
)

func of(kind Cue, texts ...string) []cue {
	list := make([]cue, len(texts))
	for i, text := range texts {
		list[i] = cue{text, kind}
	}
	return list
}

func concat(lists ...[]cue) (all []cue) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

var (
	// cueTable holds the cues by their last two bytes, folded to 5 bits each; cueBits has a bit for each that is used.
	cueTable [1 << 10][]cue
	cueBits  [1 << 10 / 64]uint64
)

func init() {
	for _, c := range cues {
		slot := slotOf(c.text[len(c.text)-2], c.text[len(c.text)-1])
		cueTable[slot] = append(cueTable[slot], c)
		cueBits[slot>>6] |= 1 << (slot & 63)
	}
}

func slotOf(a, b byte) uint { return uint(a&31) | uint(b&31)<<5 }

// cueBefore returns the longest cue that ends with one space before i, and where it starts. It looks at nothing before lo.
func cueBefore(s string, i, lo int) (Cue, int) {
	best, start := NoCue, i
	end := i - 1
	if end-2 < lo || s[end] != ' ' {
		return NoCue, i
	}
	for _, c := range cueTable[slotOf(s[end-2], s[end-1])] {
		from := end - len(c.text)
		if from < lo || from >= start || !equalFold(s[from:end], c.text) || from > 0 && partOfWord(s[from-1]) {
			continue
		}
		if c.kind == Title && !isUpper(s[from]) {
			continue
		}
		best, start = c.kind, from
	}
	return best, start
}

// partOfWord reports whether a word or a name of code that ends with c goes on behind it.
func partOfWord(c byte) bool {
	return isLetter(c) || isDigit(c) || c >= 0x80 || c == '_' || c == '-' || c == '.' || c == '/' || c == '$' || c == '@'
}

// equalFold reports whether s is the string p, whose ASCII letters are lower case, in any case of those.
func equalFold(s, p string) bool {
	for i := range len(p) {
		c := s[i]
		if isUpper(c) {
			c |= 0x20
		}
		if c != p[i] {
			return false
		}
	}
	return true
}
