package detect

import (
	"testing"
)

// TestKeySpellings holds names of keys as people write them.
func TestKeySpellings(t *testing.T) {
	d := testDetector(t)
	for entity, names := range map[Entity][]string{
		Email: {
			"email", "EMAIL", "e-mail", "E_MAIL", "Email", "emailAddress", "email_address", "EmailAddress", "email-address", "Email Address", "email.address", "EMAIL_ADDRESS", "emailaddress", "emailAddr", "email_addr", "billing_email",
			"billingEmail", "customerEmailAddress", "x-user-email", "X-User-Email", "user.contact.email", "user_email", "useremail", "contactEmail", "email1", "email_2", "primary_email", "work.email", "to_email", "mail", "correo electronico", "courriel",
			"email.value", "emailAddressText", "userEmailString", "mailAddress", "user.mail",
		},
		Phone: {
			"phone", "Phone", "phoneNumber", "phone_number", "phone-number", "Phone Number", "PHONE_NUMBER", "PhoneNo", "phone_no", "user.contact.phoneNumber", "contactPhone", "billing_phone", "mobile", "mobilePhone", "mobile_phone_number", "cellPhone",
			"telephone", "home_phone", "workPhone", "X-User-Phone", "phone1", "phone_2", "tel", "faxNumber", "customerPhone", "customerphone", "emergency_contact_phone", "phone_num", "phoneNum", "mobileNo", "mobile_num",
		},
		USSSN: {
			"ssn", "SSN", "Ssn", "user_ssn", "userSsn", "userSSN", "SSN_LAST", "ssn_last4", "ssnLast4", "Social Security Number", "social_security_number", "socialSecurityNumber", "social-security-number", "social.security.number", "SOCIAL_SECURITY_NUMBER",
			"patient.ssn", "ssn_number", "applicantSSN", "x-ssn", "SSNNumber", "social_security_no", "ssn_raw", "ssn_plain", "ssn_text", "SSN_1",
		},
		Password: {
			"password", "Password", "PASSWORD", "db_password", "dbPassword", "DB_PASSWORD", "db-password", "db.password", "userPassword", "user_passwd", "passwd", "pwd", "adminPwd", "newPassword", "new_password", "oldpassword", "password1", "password_confirm",
			"passwordConfirmation", "confirm_password", "PGPASSWORD", "spring.datasource.password", "X-Password", "password_value", "passphrase", "ssh.key.passphrase", "Mot de passe", "keyStorePassword", "MYSQL_ROOT_PASSWORD", "rootpassword",
		},
		Secret: {
			"api_key", "apiKey", "APIKey", "API_KEY", "api-key", "X-API-Key", "x-api-key", "xApiKey", "clientSecret", "client_secret", "CLIENT_SECRET", "client-secret", "access_token", "accessToken", "AccessToken", "refreshToken", "stripe_secret_key", "OPENAI_API_KEY",
			"slackBotToken", "jwt_secret", "webhookSecret", "encryption-key", "session_token", "csrfToken", "appSecret", "privateKey", "private_key",
		},
		PersonName: {
			"first_name", "firstName", "FirstName", "FIRST_NAME", "first-name", "First Name", "firstname", "lastName", "last_name", "fullName", "full_name", "Full Name", "customerName", "customer_name", "billing_first_name", "patient.fullName", "cardholder_name", "user.full_name",
			"givenName", "familyName", "surname", "middleName", "contactName",
		},
		PaymentCard:   {"card_number", "cardNumber", "CardNumber", "card-number", "CARD_NUMBER", "credit_card", "creditCard", "creditCardNumber", "credit_card_number", "Credit Card Number", "payment.card.number", "cc_number", "ccNumber", "pan", "x-card-number"},
		IBAN:          {"iban", "IBAN", "customer_iban", "customerIban", "creditor.iban", "ibanNumber", "iban_number", "accountIBAN"},
		DateOfBirth:   {"dob", "DOB", "birthDate", "birth_date", "date_of_birth", "dateOfBirth", "DateOfBirth", "Date of Birth", "date-of-birth", "birthday", "patient_dob", "userBirthDate"},
		IPAddress:     {"ip", "client_ip", "clientIp", "clientIP", "remote_addr", "remoteAddr", "ip_address", "ipAddress", "x-real-ip", "X-Forwarded-For", "source_ip", "sourceIPAddress"},
		Username:      {"username", "userName", "user_name", "user-name", "UserName", "USERNAME", "db.username", "loginName", "preferred_username"},
		UserID:        {"user_id", "userId", "userID", "UserId", "user-id", "USER_ID", "userid", "customerId", "customer_id", "enduser.id", "x-user-id", "patientId"},
		StreetAddress: {"street", "street_address", "streetAddress", "billing_address", "billingAddress", "address_line_1", "addressLine1", "shipping.address.street", "home_address"},
		Cookie:        {"cookie", "Cookie", "set-cookie", "Set-Cookie", "setCookie", "http.request.header.cookie"},
		HTTPAuthorization: {
			"authorization", "Authorization", "proxy-authorization", "Proxy-Authorization", "http.request.header.authorization", "x-authorization",
		},
	} {
		for _, name := range names {
			got := d.Key(name).Entity()
			if entity == Email && got == None || (entity == IPAddress || entity == IBAN) && got == None { // found by their shape
				continue
			}
			if entity != got {
				t.Errorf("%s: %s is %s", d.infos[entity].Name, name, d.infos[got].Name)
			}
		}
	}
}

// TestFalseFriends holds keys that have the name of an entity in them and hold something else.
func TestFalseFriends(t *testing.T) {
	d := testDetector(t)
	for _, name := range []string{
		"email_count", "emailCount", "emails_sent", "email_verified", "emailVerified", "email_template", "email_domain", "is_email", "email_type", "has_email", "send_email", "email_enabled", "email_status", "email_provider", "email_id_count",
		"phone_model", "phoneModel", "phone_type", "phone_verified", "phone_country", "phone_os", "microphone", "headphone", "phone_count", "smartphone", "is_mobile", "isMobile", "phone_enabled",
		"name_server", "nameserver", "hostname", "filename", "file_name", "table_name", "className", "class_name", "pathname", "codename", "domain_name", "namespace", "service_name", "pod_name", "container_name", "thread_name", "event_name", "displayname_count", "rename",
		"card_type", "card_brand", "cardType", "card_expired", "card_count", "cardinality", "discard", "wildcard", "dashboard", "card_present", "scorecard", "card_status",
		"token_count", "tokenCount", "token_type", "tokenType", "max_tokens", "prompt_tokens", "tokens", "total_tokens", "token_expires_in", "tokens_per_second", "token_length", "tokenizer", "token_url", "tokenEndpoint", "next_token", "nextPageToken",
		"address_family", "addressing", "address_space", "bind_address_count", "email_address_count", "memory_address_count",
		"user_agent", "userAgent", "user_count", "user_type", "user_role", "users", "user_group", "user_time", "user_defined", "user_space",
		"ssn_present", "has_ssn", "ssn_verified", "ssn_count", "ssn_hash_algorithm", "ssn_valid", "is_ssn",
		"password_length", "password_policy", "passwordExpired", "password_changed_at", "password_reset", "has_password", "password_required", "password_enabled", "password_attempts", "bypass", "passed", "compass", "password_strength",
		"secret_name", "secretName", "secret_version", "secret_ref", "secretRef", "secrets", "secret_arn", "secret_count", "api_key_id_count", "key", "key_count", "primary_key", "primaryKey", "foreign_key", "partition_key", "sort_key", "cache_key", "routing_key", "keyboard", "monkey",
		"api_version", "apiVersion", "access_level", "access_log", "authorization_mode", "authorization_url", "auth_type", "auth_method", "cookie_count", "cookie_name", "cookie_policy", "cookies_enabled",
		"birth_control", "dob_verified", "age_group", "pan_zoom", "panel", "span", "expand", "company", "lan", "plan", "japan", "iban_valid", "turban", "urban", "suburban",
		"ip_count", "ship", "chip", "tip", "membership", "ip_version", "ipv", "gzip", "skip", "pipe_line", "strip", "relationship", "macro", "stream_id", "request_id_count", "order_id", "product_id", "correlation_id", "session_count", "session_duration", "session_timeout",
		"street_view", "street_count", "mainstreet", "cell_count", "cell_size", "cellular", "excel", "cancel", "hotel", "intel", "parcel", "model", "label", "level", "channel", "panel", "pixel", "kernel", "tunnel",
		"latency", "latest", "long_running", "platform", "template", "translation", "flat", "plat", "geo_enabled",
	} {
		if e := d.Key(name).Entity(); e != None {
			t.Errorf("%s is %s", name, d.infos[e].Name)
		}
	}
}
