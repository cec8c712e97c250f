#!/usr/bin/env bash
# Holds migwire to what real QEMUs write and say: real_qemu/gate.ts, with QEMU 7.2, 10.0 and 11.1 of Debian.
# The QEMUs are unpacked once, with their libraries, into $MIGWIRE_QEMU_CACHE (migwire-qemu in TMPDIR if not set);
# nothing is installed. Needs a Debian with apt, the network the first time, and Deno or npx.
# `--only WORDS`: only the cases whose names hold these words.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${MIGWIRE_QEMU_CACHE:-${TMPDIR:-/tmp}/migwire-qemu}
versions=(7.2 10.0 11.1)

say() { echo "real-qemu: $*" >&2; }
die() {
  say "$@"
  exit 1
}

# works VERSION DIRECTORY: whether the QEMU in it starts and has that version.
works() { [ -x "$2/qemu" ] && "$2/qemu" --version 2>&1 | grep -q "^QEMU emulator version ${1//./\\.}\."; }

# mirror: the archive this machine has its packages from; security updates come from another.
mirror() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    grep -v -e -security -e /security | sed -n '1s/ .*//p'
}

# fetch VERSION DIRECTORY SUITE...: unpacks the QEMU of the last suite, and all that it depends on, from these suites.
# apt is told that nothing is installed, so its answer does not depend on this machine.
fetch() {
  local version=$1 dir=$2 apt=$2/apt package
  shift 2
  mkdir -p "$apt"/{sources,lists/partial,cache/archives/partial}
  : >"$apt/status"
  printf '%s\n' "Types: deb" "URIs: $uri" "Suites: $*" "Components: main" \
    "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg" >"$apt/sources/qemu.sources"
  local get=(apt-get -q -y -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$apt/sources"
    -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
    -o "APT::Sandbox::User=root" -o "Acquire::Languages=none" -o "Acquire::Retries=3")
  "${get[@]}" update || return
  "${get[@]}" -t "${@: -1}" --no-install-recommends --download-only install qemu-system-x86 || return
  for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" |
      tar -x -C "$dir" --exclude=./usr/share/{doc,locale,man,icons,perl,zoneinfo,alsa} || return
  done
  rm -rf "$apt"
  (write_starter "$dir")
}

# write_starter DIRECTORY: makes DIRECTORY/qemu, which starts the QEMU in there with the loader and libraries beside it.
write_starter() {
  local loader libraries modules
  # The directory is moved when it is done: the starter finds all from where it then is.
  cd "$1" || return
  loader=$(find . -path '*/lib/*' -name 'ld-linux*.so.?' -type f -printf '%P\n' | head -n 1)
  libraries=$(find . -path '*/lib/*' -name '*.so.*' -printf '$root/%P\n' | sed 's,/[^/]*$,,' | sort -u | paste -s -d :)
  modules=$(find usr/lib -path '*-linux-gnu/qemu' -type d | head -n 1)
  [ -n "$loader" ] && [ -n "$modules" ] || return
  cat >qemu <<STARTER
#!/bin/sh
root=\${0%/qemu}
QEMU_MODULE_DIR="\$root/$modules" exec "\$root/$loader" --library-path "$libraries" \\
  --argv0 qemu-system-x86_64 "\$root/usr/bin/qemu-system-x86_64" \\
  -L "\$root/usr/share/qemu" -L "\$root/usr/share/seabios" "\$@"
STARTER
  chmod +x qemu
}

# provide VERSION SUITE...: puts that QEMU into the cache, if it is not there.
provide() {
  local version=$1 dir
  shift
  works "$version" "$cache/$version" && return
  say "getting QEMU $version of ${*: -1}"
  dir=$(mktemp -d "$cache/.$version-XXXXXX")
  if ! fetch "$version" "$dir" "$@" >"$dir.log" 2>&1; then
    tail -n 20 "$dir.log" >&2
    say "Cannot get qemu-system-x86 of ${*: -1} from $uri: see above"
    rm -rf "$dir" "$dir.log"
    return 1
  fi
  rm -f "$dir.log"
  if ! works "$version" "$dir"; then
    "$dir/qemu" --version >&2 || true
    say "Cannot use qemu-system-x86 of ${*: -1}: it is not QEMU $version, or does not start"
    rm -rf "$dir"
    return 1
  fi
  rm -rf "${cache:?}/$version"
  mv "$dir" "$cache/$version"
}

mkdir -p "$cache"
[ -O "$cache" ] || die "Cannot use $cache: it belongs to somebody else; set MIGWIRE_QEMU_CACHE"
uri=$(mirror) || true
[ -n "$uri" ] || die "Cannot tell where this machine has its packages from: apt knows no archive"

# Two at a time would get the same; what a broken run has left is of no use.
exec {lock}>"$cache/lock"
flock "$lock"
rm -rf "$cache"/.*-??????
jobs=()
provide 7.2 bookworm & jobs+=($!)
provide 10.0 bookworm bookworm-backports & jobs+=($!)
provide 11.1 trixie trixie-backports & jobs+=($!)
for job in "${jobs[@]}"; do wait "$job" || missing=1; done
exec {lock}>&-
[ -z "${missing:-}" ] || die "Cannot begin: not all of QEMU ${versions[*]} can be had"

deno=(deno)
command -v deno >/dev/null || deno=(npx -y deno@2.9.6)
# Not in TMPDIR: a path in there may be longer than a socket's may be.
work=$(mktemp -d /tmp/mq-XXXXXX)
trap 'rm -rf "$work"' EXIT
programs=("${versions[@]/#/$cache/}")
programs=("${programs[@]/%//qemu}")
qemus=()
for i in "${!versions[@]}"; do qemus+=("${versions[i]}=${programs[i]}"); done
cd "$here/.."
"${deno[@]}" run --no-prompt --allow-read=.,"$work" --allow-write="$work" --allow-net \
  --allow-run="$(IFS=,; echo "${programs[*]}")" testing/real_qemu/gate.ts "$work" "${qemus[@]}" "$@"
