#!/usr/bin/env bash
# get-qemus.sh NAME...: QEMUs of Debian for the gates; prints a line NAME=PROGRAM for each. NAME is 7.2, 10.0 or 11.1
# (x86_64), or 10.0-aarch64, 10.0-ppc64, 10.0-s390x; and analyze-migration, the script of QEMU's sources that reads a main channel.
# They are unpacked once, with their libraries, into $MIGWIRE_QEMU_CACHE (migwire-qemu in TMPDIR if not set); nothing is
# installed. Needs a Debian with apt, and the network the first time.
set -euo pipefail
cache=${MIGWIRE_QEMU_CACHE:-${TMPDIR:-/tmp}/migwire-qemu}

say() { echo "get-qemus: $*" >&2; }
die() {
  say "$@"
  exit 1
}

# works NAME DIRECTORY: whether the QEMU in it starts and has that version.
works() {
  local version=${1%%-*}
  if [ "$1" = analyze-migration ]; then
    python3 "$2/analyze-migration.py" --help 2>&1 | grep -q -e --memory
    return
  fi
  [ -x "$2/qemu" ] && "$2/qemu" --version 2>&1 | grep -q "^QEMU emulator version ${version//./\\.}\."
}

# mirror: the archive this machine has its packages from; security updates come from another.
mirror() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    grep -v -e -security -e /security | sed -n '1s/ .*//p'
}

# prepare DIRECTORY KIND SUITE...: `get` becomes an apt-get with these suites alone, of KIND deb or deb-src, and its files there.
prepare() {
  local apt=$1 kind=$2
  shift 2
  mkdir -p "$apt"/{sources,lists/partial,cache/archives/partial}
  : >"$apt/status"
  printf '%s\n' "Types: $kind" "URIs: $uri" "Suites: $*" "Components: main" \
    "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg" >"$apt/sources/qemu.sources"
  get=(apt-get -q -y -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$apt/sources"
    -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
    -o "APT::Sandbox::User=root" -o "Acquire::Languages=none" -o "Acquire::Retries=3")
}

# fetch PACKAGE PROGRAM DIRECTORY SUITE...: unpacks the package of the last suite, and all that it depends on, from these
# suites. apt is told that nothing is installed, so its answer does not depend on this machine.
fetch() {
  local package=$1 program=$2 dir=$3 apt=$3/apt archive
  shift 3
  prepare "$apt" deb "$@"
  "${get[@]}" update || return
  "${get[@]}" -t "${@: -1}" --no-install-recommends --download-only install "$package" || return
  for archive in "$apt"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$archive" |
      tar -x -C "$dir" --exclude=./usr/share/{doc,locale,man,icons,perl,zoneinfo,alsa} || return
  done
  rm -rf "$apt"
  (write_starter "$dir" "$program")
}

# fetch_script DIRECTORY SUITE...: takes the script out of the sources of the last suite, as DIRECTORY/analyze-migration.py.
fetch_script() {
  local dir=$1 apt=$1/apt
  shift
  prepare "$apt" deb-src "$@"
  "${get[@]}" update || return
  (cd "$apt" && "${get[@]}" -t "${@: -1}" --download-only --tar-only source qemu) || return
  tar -xOf "$apt"/qemu_*.orig.tar.xz --wildcards '*/scripts/analyze-migration.py' >"$dir/analyze-migration.py" || return
  rm -rf "$apt"
}

# write_starter DIRECTORY PROGRAM: makes DIRECTORY/qemu, which starts that program of it with the loader and libraries
# beside it.
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
  --argv0 $2 "\$root/usr/bin/$2" \\
  -L "\$root/usr/share/qemu" -L "\$root/usr/share/seabios" "\$@"
STARTER
  chmod +x qemu
}

# provide NAME: puts that QEMU into the cache, if it is not there.
provide() {
  local name=$1 package=qemu-system-x86 program=qemu-system-x86_64 suites dir
  case $name in
    7.2*) suites=(bookworm) ;;
    10.0*) suites=(bookworm bookworm-backports) ;;
    11.1*) suites=(trixie trixie-backports) ;;
    # That of 10.0 knows multifd's flags; a main channel with nothing but pages is the same to all of them.
    analyze-migration) suites=(trixie) ;;
  esac
  case $name in
    *-aarch64) package=qemu-system-arm program=qemu-system-aarch64 ;;
    *-ppc64) package=qemu-system-ppc program=qemu-system-ppc64 ;;
    *-s390x) package=qemu-system-s390x program=qemu-system-s390x ;;
  esac
  works "$name" "$cache/$name" && return
  say "getting QEMU $name of ${suites[*]: -1}"
  dir=$(mktemp -d "$cache/.$name-XXXXXX")
  local how=(fetch "$package" "$program" "$dir" "${suites[@]}")
  [ "$name" != analyze-migration ] || package="the sources of QEMU" how=(fetch_script "$dir" "${suites[@]}")
  if ! "${how[@]}" >"$dir.log" 2>&1; then
    tail -n 20 "$dir.log" >&2
    say "Cannot get $package of ${suites[*]: -1} from $uri: see above"
    rm -rf "$dir" "$dir.log"
    return 1
  fi
  rm -f "$dir.log"
  if ! works "$name" "$dir"; then
    say "Cannot use $package of ${suites[*]: -1}: it is not $name, or does not start"
    rm -rf "$dir"
    return 1
  fi
  rm -rf "${cache:?}/$name"
  mv "$dir" "$cache/$name"
}

for name in "$@"; do
  [[ $name =~ ^(7\.2|10\.0|11\.1|10\.0-(aarch64|ppc64|s390x)|analyze-migration)$ ]] || die "Cannot get QEMU $name: there are 7.2, 10.0, 11.1, 10.0-aarch64, 10.0-ppc64, 10.0-s390x, analyze-migration"
done
mkdir -p "$cache"
[ -O "$cache" ] || die "Cannot use $cache: it belongs to somebody else; set MIGWIRE_QEMU_CACHE"
uri=$(mirror) || true
[ -n "$uri" ] || die "Cannot tell where this machine has its packages from: apt knows no archive"

# Two at a time would get the same; what a broken run has left is of no use.
exec {lock}>"$cache/lock"
flock "$lock"
rm -rf "$cache"/.*-??????
jobs=()
for name in "$@"; do
  provide "$name" >&2 & jobs+=($!)
done
for job in "${jobs[@]}"; do wait "$job" || missing=1; done
exec {lock}>&-
[ -z "${missing:-}" ] || die "Cannot begin: not all of QEMU $* can be had"
for name in "$@"; do
  program=qemu
  [ "$name" != analyze-migration ] || program=analyze-migration.py
  echo "$name=$cache/$name/$program"
done
