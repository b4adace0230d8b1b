package detect

// Registries of packages and images.
var packageProviders = []provider{
	{name: "artifactory_key", class: "jfrog", of: "JFrog Artifactory", source: "JFrog: access tokens, API keys and reference tokens", forms: []string{"AKCp{alnum 69}", "cmVmd{alnum 59}"}, vendors: []string{"artifactory", "bintray", "jfrog", "xray"}, keyed: []string{"{alnum 64}", "{alnum 73}"}},
	{name: "clojars_token", of: "Clojars", source: "Clojars: deploy tokens", forms: []string{"CLOJARS_{lower 60}"}},
	{name: "cloudsmith_key", of: "Cloudsmith", source: "Cloudsmith: API keys", forms: []string{"csa_{hex 40}"}, vendors: []string{"cloudsmith"}, keyed: []string{"{hex 40}"}},
	{name: "crates_token", of: "crates.io", source: "crates.io: API tokens", forms: []string{"cio{alnum 32}"}},
	{name: "dockerhub_token", of: "Docker Hub", source: "Docker: access tokens", forms: []string{"dckr_oat_{url 27-40}", "dckr_pat_{url 27}"}},
	{name: "npm_token", of: "npm", source: "npm: granular and classic access tokens, with a CRC32 tail", forms: []string{"npm_{alnum 36}"}, tailed: true},
	{name: "nuget_key", of: "NuGet", source: "NuGet: API keys", forms: []string{"oy2{lower 43}"}},
	{name: "packagist_token", of: "Packagist", source: "Packagist: API tokens", forms: []string{"packagist_ort_{hex 68}", "packagist_out_{hex 68}", "packagist_uut_{hex 68}"}},
	{name: "pypi_token", of: "PyPI", source: "PyPI: API tokens, macaroons of pypi.org and test.pypi.org", forms: []string{"pypi-AgEIcHlwaS5vcmc{url 50-1000}", "pypi-AgENdGVzdC5weXBpLm9yZw{url 50-1000}"}},
	{name: "rubygems_key", of: "RubyGems", source: "RubyGems: API keys", forms: []string{"rubygems_{hex 48}"}},
	{name: "sidekiq_key", of: "Sidekiq Pro and Enterprise", source: "Contributed Systems: gem servers", vendors: []string{"contribsys"}, keyed: []string{"{hex 8}:{hex 8}"}, names: []string{"enterprise contribsys com", "gems contribsys com"}, bits: 1.5},
}
