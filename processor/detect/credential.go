package detect

// The entities of this family.
const (
	JWT Entity = iota + endGovernment
	PrivateKey
	HTTPAuthorization
	Cookie
	URLCredentials
	Password
	AWSAccessKey
	AWSSecretKey
	GitHubToken
	SlackToken
	StripeKey
	GCPAPIKey
	Secret
	endCredential
)

func credentialRules() []rule {
	return []rule{
		{
			entity: JWT,
			Info: Info{
				Name: "jwt", Class: "jwt", Group: Credential,
				Rule:   "Compact JWS or JWE whose header decodes",
				Source: "RFC 7515, RFC 7516, RFC 7519",
			},
		},
		{
			entity: PrivateKey,
			Info: Info{
				Name: "private_key", Class: "privkey", Group: Credential,
				Rule:   "A PEM block of a private key, line ends escaped or not",
				Source: "RFC 7468",
			},
		},
		{
			entity: HTTPAuthorization,
			Info: Info{
				Name: "http_authorization", Class: "auth", Group: Credential,
				Rule:   "The credential part of an Authorization value",
				Source: "RFC 9110",
			},
		},
		{
			entity: Cookie,
			Info: Info{
				Name: "cookie", Class: "cookie", Group: Credential, Opaque: true,
				Rule:   "Every value of a Cookie header, the value of a Set-Cookie header",
				Source: "RFC 6265",
			},
		},
		{
			entity: URLCredentials,
			Info: Info{
				Name: "url_credentials", Class: "urlcred", Group: Credential,
				Rule:   "user:password before the host of a URL or DSN",
				Source: "RFC 3986",
			},
		},
		{
			entity: Password,
			Info: Info{
				Name: "password", Class: "password", Group: Credential, Opaque: true,
				Rule: "By key (password, passwd, pwd, ...): the whole value",
			},
		},
		{
			entity: AWSAccessKey,
			Info: Info{
				Name: "aws_access_key", Class: "awskey", Group: Credential,
				Rule:   "AKIA, ASIA, ... and 16 characters of base 32",
				Source: "AWS IAM: unique identifiers",
			},
		},
		{
			entity: AWSSecretKey,
			Info: Info{
				Name: "aws_secret_key", Class: "awssecret", Group: Credential,
				Rule:   "40 characters of base 64, by key",
				Source: "AWS IAM: access keys",
			},
		},
		{
			entity: GitHubToken,
			Info: Info{
				Name: "github_token", Class: "github", Group: Credential,
				Rule:   "ghp_, gho_, ghu_, ghs_, ghr_ with a CRC32 tail, or github_pat_",
				Source: "GitHub: token formats",
			},
		},
		{
			entity: SlackToken,
			Info: Info{
				Name: "slack_token", Class: "slack", Group: Credential,
				Rule:   "xoxb-, xoxp-, xapp-, ... tokens and webhook URLs",
				Source: "Slack: token types",
			},
		},
		{
			entity: StripeKey,
			Info: Info{
				Name: "stripe_key", Class: "stripe", Group: Credential,
				Rule:   "sk_live_, rk_live_, sk_test_, rk_test_, whsec_",
				Source: "Stripe: API keys",
			},
		},
		{
			entity: GCPAPIKey,
			Info: Info{
				Name: "gcp_api_key", Class: "gcpkey", Group: Credential,
				Rule:   "AIza and 35 characters",
				Source: "Google Cloud: API keys",
			},
		},
		{
			entity: Secret,
			Info: Info{
				Name: "secret", Class: "secret", Group: Credential, Opaque: true,
				Rule: "By a credential-like key (api_key, client_secret, access_token, ...): the whole value",
			},
		},
	}
}
