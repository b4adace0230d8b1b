package detect

// Source forges and the tools around a repository.
var forgeProviders = []provider{
	{name: "atlassian_token", of: "Atlassian", source: "Atlassian: API tokens", forms: []string{"ATATT3{url= 180-210}", "ATSTT3{url= 180-210}", "ATCTT3{url= 150-210}"}, vendors: []string{"atlassian", "jira", "confluence"}, keyed: []string{"{alnum 24}"}},
	{name: "azure_devops_token", class: "azuredevops", of: "Azure DevOps", source: "Microsoft: personal access token format", words: []wordKey{{wordShape{from: 84, to: 84}, markedKey("AZDO", 76)}}, vendors: []string{"azure devops", "azdo", "vsts"}, keyed: []string{"{lower 52}"}, examples: examples{positive: []string{"pat «HQ7AtNJX3OrUbmkLCNPloWRlOTcEokd5ihu9lEmJcA" + "DwyQNeLnpT5xawz8r2A3hS1Jx9cJNtgsIGAZDOv8Ls»"}, negative: []string{"HQ7AtNJX3OrUbmkLCNPloWRlOTcEokd5ihu9lEmJc" + "ADwyQNeLnpT5xawz8r2A3hS1Jx9cJNtgsI1AZDP9w0"}}},
	{name: "bitbucket_token", of: "Bitbucket", source: "Bitbucket: app passwords and access tokens", forms: []string{"ATBB{alnum 32}"}, vendors: []string{"bitbucket"}, keyed: []string{"{lower 32}", "{url= 64}"}},
	{name: "codeberg_token", of: "Codeberg and Gitea", source: "Gitea: access tokens", vendors: []string{"codeberg", "gitea", "forgejo", "gogs"}, keyed: []string{"{hex 40}"}},
	{
		name: "gitlab_token", of: "GitLab", source: "GitLab: token prefixes",
		forms: []string{
			"GR1348941{url 20}", "glagent-{url 50-1024}", "glcbt-{alnum 1-5}_{url 20}", "gldt-{url 20-60}", "glffct-{url 20}", "glft-{url 20}", "glimt-{url 25}", "gloas-{alnum 64}", "glpat-{url 27-300}.{lower 2}.{lower 7}",
			"glpat-{url 27-300}.{lower 9}", "glpat-{url 20-64}", "glptt-{hex 40}", "glrt-t{digit 1}_{url 27-300}.{lower 9}", "glrt-t{digit 1}_{url 27-300}.{lower 2}.{lower 7}", "glrt-{url 20-60}", "glrtr-{url 20-60}", "glsoat-{url 20}", "glwt-{url 20-60}",
		},
	},
	{name: "sourcegraph_token", of: "Sourcegraph", source: "Sourcegraph: access token format", forms: []string{"sgp_{anyhex 16}_{anyhex 40}", "sgp_local_{anyhex 40}", "sgp_{anyhex 40}", "slk_{hex 64}"}},
}
