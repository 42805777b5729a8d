#!/bin/sh
# Prints a Python that works: of the version named, else of the first that is there of those in python-versions.txt,
# Lambda's before the others and newer before older. Looks on PATH, then at pyenv. Ends with status 1 when there is none.
set -eu
supported="$(dirname "$0")/../python-versions.txt"
lambda="$(sed -n 's/^ *Runtime: python//p' "$(dirname "$0")/../template.yaml")"

# A name on PATH may be a placeholder that does not run, and Debian's Python lacks venv until it is installed.
works() { "$1" -c "import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$2')" > /dev/null 2>&1; }

find_version() {
  for candidate in "python$1" python3; do
    if works "$candidate" "$1"; then command -v "$candidate"; return; fi
  done
  command -v pyenv > /dev/null || return 1
  for installed in $(pyenv versions --bare | grep -E "^$1(\.[0-9]+)?\$" | sort -rV); do
    candidate="$(pyenv prefix "$installed")/bin/python$1"
    if works "$candidate" "$1"; then echo "$candidate"; return; fi
  done
  return 1
}

for version in ${1:-"$lambda" $(sort -rV "$supported")}; do
  find_version "$version" && exit
done
exit 1
