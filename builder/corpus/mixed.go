package main

// mixed are whole lines with values of several entities, as applications and databases write them.
var mixed = []family{
	{
		file: "contact", sub: "mixed", draws: 5,
		prose: []string{
			`AUDIT user=«username» action=export rows=«ms» ip=«ipv4» at=«iso»`,
			`«stamp» UTC [«port»] LOG:  execute <unnamed>: SELECT id FROM customers WHERE email = $1  DETAIL:  parameters: $1 = '«email»', $2 = '«n»'`,
			`{"level":"info","msg":"signup","email":"«email»","phone":"«phone.e164»","client_ip":"«ipv4»","user_agent":"«ua»","trace_id":"«trace»"}`,
			`{"event":"contact.merged","from":{"email":"«email»"},"into":{"email":"«email.plus»"},"at":«epochms»}`,
			`record key=«email» topic=«topic» partition=«n» offset=«offset» timestamp=«epochms»`,
			`«seq»,«email»,«phone.e164»,«date»,active`,
			`«ipv4» - «username» [«clf»] "GET /admin HTTP/1.1" «status» «bytes»`,
			`«isozone» [worker-«n»] sent newsletter «uuid» to «email»; opened from «ipv6»`,
			`INSERT INTO leads (id, email, phone, source_ip, score) VALUES («line», '«email»', '«phone.e164»', '«ipv4»', «n»), («line», '«email»', '«phone.intl»', '«ipv4.doc»', «n»)`,
		},
	},
	{
		file: "financial", sub: "mixed", draws: 5,
		prose: []string{
			`{"payment":{"card_number":"«card»","amount":"49.90","currency":"EUR"},"order_id":"«order16»","trace_id":"«trace»"}`,
			`INSERT INTO payouts (id, iban, email, amount) VALUES («line», '«iban»', '«email»', «n».50)`,
			`Refund{orderId=«order», iban='«iban.spaces»', attempts=«n»} rejected for «email»`,
			`PaymentRequest(cardNumber=«card», expiry=«expiry», orderNumber=«seq12») -> «status» in «dur»`,
			`{"log":"{\"pan\":\"«card»\",\"email\":\"«email»\"}","time":"«iso»"}`,
		},
	},
	{
		file: "credential", sub: "mixed", draws: 5,
		prose: []string{
			"POST «path» HTTP/1.1\r\nHost: shop.example.com\r\nAuthorization: Bearer «bearer»\r\nCookie: sid=«cookie»\r\nX-Forwarded-For: «ipv4»\r\nX-Request-Id: «uuid»\r\n\r\n",
			`env dump: HOME=/root DB_PASSWORD=«password» DATABASE_URL=postgres://«urlcred»@db:5432/shop GITHUB_TOKEN=«github» PORT=«port»`,
			`{"username":"«username»","password":"«password»","client_ip":"«ipv4»","attempt":«n»}`,
			`login failed: username=«username» password=«password» from «ipv4»`,
			`GET /oauth/callback?state=«word»&access_token=«secret»&scope=read HTTP/1.1`,
			"spring.datasource.username=«username»\nspring.datasource.password=«password»\nserver.port=«port»",
			"database:\n  host: db.shop.svc\n  username: «username»\n  password: «password»\n  pool: «n»",
		},
	},
}
