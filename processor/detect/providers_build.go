package detect

// Continuous integration, delivery and code quality.
var buildProviders = []provider{
	{name: "appveyor_token", of: "AppVeyor", source: "AppVeyor: API tokens", vendors: []string{"appveyor"}, keyed: []string{"v2.{lower 20}", "{lower 20}"}},
	{name: "buildkite_token", of: "Buildkite", source: "Buildkite: token formats", forms: []string{"bkaj_{url. 40-600}", "bkct_{alnum 40-80}", "bkpt_{hex 40}", "bkua_{hex 40}"}},
	{name: "circleci_token", of: "CircleCI", source: "CircleCI: API tokens", forms: []string{"CCIPAT_{alnum 22}_{hex 40}", "CCIPRJ_{alnum 22}_{hex 40}"}, vendors: []string{"circleci", "circle ci", "circle"}, keyed: []string{"{hex 40}"}},
	{name: "codeclimate_token", of: "Code Climate", source: "Code Climate: test reporter", vendors: []string{"codeclimate", "code climate"}, keyed: []string{"{hex 64}", "{hex 40}"}, names: []string{"cc test reporter id"}},
	{name: "codecov_token", of: "Codecov", source: "Codecov: upload tokens", vendors: []string{"codecov"}, keyed: []string{"{uuid}", "{lower 32}"}},
	{name: "drone_token", of: "Drone", source: "Drone: authentication", vendors: []string{"drone", "droneci", "drone ci"}, keyed: []string{"{alnum 32}"}},
	{name: "harness_token", of: "Harness", source: "Harness: API keys", forms: []string{"pat.{url 22}.{hex 24}.{alnum 20}", "sat.{url 22}.{hex 24}.{alnum 20}"}},
	{name: "infracost_key", of: "Infracost", source: "Infracost: API keys", forms: []string{"ico-{alnum 32}"}},
	{name: "inngest_key", of: "Inngest", source: "Inngest: signing keys", forms: []string{"signkey-branch-{hex 64}", "signkey-prod-{hex 64}", "signkey-test-{hex 64}"}},
	{name: "jenkins_token", of: "Jenkins", source: "Jenkins: API tokens", vendors: []string{"jenkins"}, keyed: []string{"11{hex 32}", "{hex 32}"}},
	{name: "launchdarkly_key", of: "LaunchDarkly", source: "LaunchDarkly: keys", forms: []string{"api-{uuid}", "sdk-{uuid}"}, vendors: []string{"launchdarkly", "launch darkly"}, keyed: []string{"{url 40}"}},
	{name: "octopus_key", of: "Octopus Deploy", source: "Octopus Deploy: API keys", forms: []string{"API-{upper 26}"}},
	{name: "openshift_token", of: "OpenShift", source: "OpenShift: OAuth access tokens", forms: []string{"sha256~{url 43}"}},
	{name: "percy_token", of: "Percy", source: "BrowserStack: Percy project tokens", forms: []string{"app_{hex 64}", "web_{hex 64}"}},
	{name: "prefect_key", of: "Prefect", source: "Prefect: API keys", forms: []string{"pnb_{alnum 36}", "pnu_{alnum 36}"}},
	{name: "snyk_token", of: "Snyk", source: "Snyk: API tokens", forms: []string{"snyk_sat.{hex 8}.{url. 60-300}", "snyk_uat.{hex 8}.{url. 60-300}"}, vendors: []string{"snyk"}, keyed: []string{"{UUID}"}},
	{name: "sonar_token", of: "SonarQube", source: "SonarSource: token types", forms: []string{"sqa_{alnum 40}", "sqb_{alnum 40}", "sqp_{alnum 40}", "squ_{alnum 40}"}, vendors: []string{"sonar", "sonarqube", "sonarcloud"}, keyed: []string{"{alnum 40}"}, names: []string{"sonar login"}},
	{name: "travis_token", of: "Travis CI", source: "Travis CI: API tokens", vendors: []string{"travis", "travisci", "travis ci"}, keyed: []string{"{url 22}"}},
	{name: "trigger_key", class: "triggerdev", of: "Trigger.dev", source: "Trigger.dev: API keys", forms: []string{"tr_dev_{alnum 20-24}", "tr_prod_{alnum 20-24}", "tr_stg_{alnum 20-24}"}},
}
