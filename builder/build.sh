#!/usr/bin/env bash
# Builds one binary and shows how far it is: build.sh STEP OUTPUT PACKAGE
# A first build compiles about a thousand packages, which takes minutes on a small machine.
set -euo pipefail
step=$1 output=$2 package=$3
log=$(mktemp)
trap 'rm -f "$log"' EXIT

printf '[%s] %s\n' "$step" "$output"
if [ -t 2 ]; then every=5 end='\r'; else every=100 end='\n'; fi
if ! go build -v -o "$output" "$package" 2>&1 | tee "$log" |
	awk -v every="$every" -v end="$end" '
		/^go: downloading/ { d++ } !/^go: / { c++ }
		(c + d) % every == 0 { printf "      %d modules downloaded, %d packages compiled" end, d, c; fflush() }' >&2; then
	printf '\n' >&2
	grep -v -E '^(go: downloading|[a-z0-9._/-]+$)' "$log" >&2 || cat "$log" >&2
	echo "build of $package failed" >&2
	exit 1
fi
if [ -t 2 ]; then printf '\033[K' >&2; fi
