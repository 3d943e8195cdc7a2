#!/bin/sh
# Records the requests of the Go client of seictl, at v0.0.17 and at v0.0.70, into agent/test/seictl-requests.
# Usage: record.sh FOLDER   with git repositories (bare ones will do) seictl, sei-config and seilog of github.com/sei-protocol in FOLDER.
set -eu
repositories=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
out=$here/../../../agent/test/seictl-requests
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Only the packages that the client needs: the go.mod of seictl asks for a whole chain.
take() { # repository, commit, paths
  mkdir -p "$work/$version/$1"
  repository=$1 commit=$2
  shift 2
  git -C "$repositories/$repository" archive "$commit" "$@" | tar -x -C "$work/$version/$repository"
}

record() { # version, commit of seictl, of sei-config, of seilog, packages of seictl
  version=$1 seictl=$2 config=$3 log=$4
  shift 4
  take seictl "$seictl" "$@"
  take sei-config "$config" .
  take seilog "$log" .
  cd "$work/$version"
  find . -name '*_test.go' -delete
  cp "$here/record.go" "$here/go.mod" .
  cp "$here/cases-$version.go" cases.go
  printf 'module github.com/sei-protocol/seictl\n\ngo 1.26.0\n' > seictl/go.mod
  (cd seictl && go mod edit -replace github.com/sei-protocol/sei-config=../sei-config -replace github.com/sei-protocol/seilog=../seilog)
  GOFLAGS=-mod=mod go run . "seictl $version ($seictl)" "sei-config $config" > "$out/$version.json.new"
  mv "$out/$version.json.new" "$out/$version.json"
}

mkdir -p "$out"
record v0.0.17 c530a97 v0.0.8 HEAD sidecar/client sidecar/engine
# The newest stored commit, one after v0.0.70. The newest sei-config that is stored stands in for v0.0.25, which is not.
record v0.0.70 736d797 v0.0.21 HEAD sidecar/client sidecar/wire
