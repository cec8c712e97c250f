#!/usr/bin/env bash
# Builds the VFIO lab: what boot.sh needs to start a virtual machine in which QEMUs with real VFIO devices wait for
# migrations. All that is in it comes from Debian's archive.
#
#     build.sh [DIR] [--only VERSION] [--install] [--keep]
#
# DIR             where it goes; $MIGWIRE_LAB if not said, and migwire-vfio-lab in $TMPDIR (/tmp) without that
# --only VERSION  QEMU 10.0 (of trixie), or 11.1 (of trixie-backports), and not both
# --install       installs what this machine lacks, with apt-get
# --keep          leaves the packages and trees from which it was built in DIR/work
#
# What is done is not done again: a build that broke goes on where it was, and a whole one is only looked at. Several
# may be started at the same time. Needs a Debian for amd64; the packages are read, not installed, so the machine stays
# as it is. Works as root, and as a user where users may have namespaces of their own.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

suite=trixie
kernel_series=6.12 # the one that mtty.patch is for
# Modules that the virtual machine loads, besides mtty and what they depend on.
modules=(virtio_blk ext4 virtio_net qemu_fw_cfg vfio vfio_iommu_type1 vfio-pci mdev)

say() { echo "vfio-lab: $*" >&2; }
die() {
  say "$@"
  exit 1
}

dir=${MIGWIRE_LAB:-${TMPDIR:-/tmp}/migwire-vfio-lab}
versions=(10.0 11.1)
install='' keep=''
while [ $# -gt 0 ]; do
  case $1 in
    --only)
      versions=("${2:?--only needs a version of QEMU}")
      [[ $2 = 10.0 || $2 = 11.1 ]] || die "Cannot build with QEMU $2: there are 10.0 and 11.1"
      shift
      ;;
    --install) install=1 ;;
    --keep) keep=1 ;;
    -h | --help)
      sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
      exit
      ;;
    -*) die "Cannot understand $1; --help says what there is" ;;
    *) dir=$1 ;;
  esac
  shift
done

# ---- What this machine must have

# lack: the programs that are not there, and the packages that they are in.
lack() {
  local pair
  for pair in apt-get:apt dpkg-deb:dpkg flock:util-linux unshare:util-linux patch:patch \
    qemu-system-x86_64:qemu-system-x86; do
    command -v "${pair%:*}" >/dev/null || [ -x "/usr/sbin/${pair%:*}" ] || echo "${pair#*:}"
  done | sort -u
}

missing=$(lack)
[ -z "${LAB_QEMU:-}" ] || missing=$(grep -vx qemu-system-x86 <<<"$missing") || true
if [ -n "$missing" ]; then
  if [[ $missing =~ apt$|dpkg ]]; then die "Cannot build: this is not a Debian (no apt-get, dpkg-deb)"; fi
  # shellcheck disable=SC2086
  get=(apt-get install -y --no-install-recommends $missing)
  [ -n "$install" ] || die "Cannot build: programs are missing. Install them with: ${get[*]} (or let --install do it)"
  apt-get update -q >&2 && DEBIAN_FRONTEND=noninteractive "${get[@]}" >&2 ||
    die "Cannot install ${missing//$'\n'/ }: see above"
fi
[ "$(dpkg --print-architecture)" = amd64 ] || die "Cannot build: this machine is not amd64, and all is compiled for that"
# Security updates come from an archive of their own, which has no whole distribution.
archive=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
  grep -v -e -security -e /security | sed -n '1s/ .*//p') || true
[ -n "$archive" ] || die "Cannot tell where this machine has its packages from: apt knows no archive"

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
[ -O "$dir" ] || die "Cannot use $dir: it belongs to somebody else"
exec {lock}>"$dir/lock"
if ! flock -n "$lock"; then
  say "somebody else builds in $dir: waiting"
  flock "$lock"
fi

# A lab is made from these; if one of them changes, it is made anew.
recipe=$(cat "$here/build.sh" "$here/mtty.patch" "$here/guest/init" | sha256sum | cut -d' ' -f1)
is_built() {
  local made of version
  read -r made of 2>/dev/null <"$dir/recipe" && [ "$made" = "$recipe" ] || return
  for version in "${versions[@]}"; do [[ " $of " = *" $version "* ]] || return; done
}
if is_built; then
  say "$dir is built: $(paste -s -d, "$dir/contents" | sed 's/,/, /g')"
  exit
fi
recipe="$recipe ${versions[*]}"
work=$dir/work
if [ "$(cat "$work/recipe" 2>/dev/null)" != "$recipe" ]; then
  rm -rf "$work" "$dir/recipe"
  mkdir -p "$work/done" "$work/log"
  echo "$recipe" >"$work/recipe"
fi

# ---- Helpers of the steps

# step NAME: runs the function of that name in $work, once, and says how long it took. Not as a condition: there a
# function goes on after what fails.
step() {
  local start=${EPOCHREALTIME/[.,]/}
  [ ! -e "$work/done/$1" ] || return 0
  current=$1
  (cd "$work" && "$1") >"$work/log/$1" 2>&1 {lock}>&-
  current=''
  touch "$work/done/$1"
  say "$(printf '%-10s %5.1f s' "${1//_/ }" "$(((${EPOCHREALTIME/[.,]/} - start) / 1000))e-3")"
}

# What is said when a step fails.
current=''
ended() {
  [ -n "$current" ] || return 0
  tail -n 25 "$work/log/$current" >&2
  # The archive may have other packages by now: the next attempt asks anew what it has.
  [ "$current" != packages ] || rm -f "$work/done/lists"
  say "Cannot build: ${current//_/ } failed, see above; all of it is in $work/log/$current"
}
trap ended EXIT

# apt PROGRAM ARGUMENT...: apt-get or apt-cache as if nothing were installed, with trixie and its backports.
apt() {
  local program=$1
  shift
  "$program" -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/apt/sources" \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o Dir::State="$work/apt/state" -o Dir::State::status="$work/apt/status" -o Dir::Cache="$work/apt/cache" \
    -o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin \
    -o APT::Architecture=amd64 -o APT::Install-Recommends=false -o APT::Sandbox::User= \
    -o Acquire::Languages=none -o Acquire::GzipIndexes=false -o Acquire::Retries=3 "$@"
}

# choose SET SUITE PACKAGE...: notes which package files these packages need, in sets/SET, and gets them.
choose() {
  local set=$1 from=$2
  shift 2
  # An archive folder without files: apt names only what it would have to get.
  apt apt-get -y -t "$from" -o Dir::Cache::archives="$work/apt/nothing" --print-uris install "$@" |
    sed -n "s/^'[^']*' \([^ ]*\.deb\) .*/\1/p" | sort >"sets/$set"
  [ -s "sets/$set" ]
  apt apt-get -y -t "$from" --download-only install "$@"
}

# unpack TREE: unpacks the package files on standard input into TREE, without what nobody reads in there.
unpack() {
  local name
  mkdir -p "$1"/{usr/{bin,sbin,lib,lib64},dev,proc,sys,tmp,run,etc}
  # Packages have everything below /usr; the old names are links.
  for name in bin sbin lib lib64; do [ -e "$1/$name" ] || ln -s "usr/$name" "$1/$name"; done
  xargs -r -P "$(nproc)" -I{} sh -ec '
    dpkg-deb --fsys-tarfile "$1" | tar -x -p -C "$2" --no-same-owner --keep-directory-symlink \
      --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale --exclude=./usr/share/icons
    ' sh "$work/apt/cache/archives/{}" "$1"
}

# inside TREE PROGRAM ARGUMENT...: runs a program of a tree, in it, with this machine's /dev and /proc.
inside() {
  local tree=$1 user=()
  shift
  [ "$(id -u)" = 0 ] || user=(--map-root-user)
  # The shell and its mount are this machine's.
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C unshare --mount "${user[@]}" sh -ec '
    tree=$1; shift
    mount --rbind /dev "$tree/dev"
    mount --rbind /proc "$tree/proc"
    exec chroot "$tree" "$@"' sh "$tree" "$@"
}

release() { sed -n 's/^linux-image-//p' "$work/kernel"; }

# ---- The steps

lists() {
  mkdir -p apt/{sources,state/lists/partial,cache/archives/partial,nothing/partial} sets
  : >apt/status
  printf '%s\n' "Types: deb" "URIs: $archive" "Suites: $suite $suite-backports" "Components: main" \
    >apt/sources/debian.sources
  local keys=/usr/share/keyrings/debian-archive-keyring.gpg
  [ ! -e "$keys" ] || echo "Signed-By: $keys" >>apt/sources/debian.sources
  apt apt-get update --error-on=any
  apt apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' >kernel
  grep "^linux-image-${kernel_series//./\\.}\." kernel ||
    { echo "the kernel of $suite is $(cat kernel), and mtty.patch is for $kernel_series"; false; }
}

packages() {
  choose tools "$suite" "linux-headers-$(release)" make dash coreutils sed grep gawk findutils xz-utils cpio kmod \
    libc-bin e2fsprogs
  choose agent "$suite" python3 busybox-static
  local version
  for version in "${versions[@]}"; do
    if [ "$version" = 10.0 ]; then choose "qemu-$version" "$suite" qemu-system-x86
    else choose "qemu-$version" "$suite-backports" qemu-system-x86; fi
    grep "^qemu-system-x86_.*${version//./\\.}\." "sets/qemu-$version" ||
      { echo "what there is of QEMU, $(grep ^qemu-system-x86_ "sets/qemu-$version"), is not $version"; false; }
  done
  (cd apt/cache/archives && apt apt-get download "linux-image-$(release)" "linux-source-$kernel_series")
}

# The compiler and the like: a tree of its own, as the headers' programs need the libraries that they were built with.
tools() {
  unpack tools <sets/tools
  [ -e tools/usr/bin/awk ] || ln -s gawk tools/usr/bin/awk
  (cd apt/cache/archives && ls linux-image-"$(release)"_*.deb) | unpack tools
  inside tools depmod "$(release)"
  cp tools/boot/vmlinuz-"$(release)" "$dir/vmlinuz"
}

# Of the kernel's source, one file. tar ends when it has it, and who writes to it then ends too.
driver_source() {
  local deb path=samples/vfio-mdev/mtty.c
  deb=$(ls apt/cache/archives/linux-source-"$kernel_series"_*.deb)
  rm -rf linux && mkdir linux
  dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/linux-source-$kernel_series.tar.xz" | inside tools xz -dc -T0 |
    tar -x -C linux --strip-components=1 --occurrence=1 "linux-source-$kernel_series/$path" || true
  [ -s "linux/$path" ] || { echo "$path is not in $deb"; false; }
}

driver() {
  rm -rf tools/driver && mkdir tools/driver
  (cd linux && patch -p1 --dry-run --fuzz=0 <"$here/mtty.patch") ||
    { echo "mtty.patch does not fit samples/vfio-mdev/mtty.c of linux-source-$kernel_series $(release)"; false; }
  (cd linux && patch -p1 --fuzz=0 -o "$work/tools/driver/mtty.c" <"$here/mtty.patch")
  echo 'obj-m := mtty.o' >tools/driver/Makefile
  inside tools make -C "/usr/src/linux-headers-$(release)" M=/driver modules
}

# The first file system: modules, in the order in which they are loaded, busybox, and the first program.
initrd() {
  local module number=10
  rm -rf tools/initrd agent-tools && mkdir -p tools/initrd/{bin,modules,proc,sys,dev,root}
  grep ^busybox-static sets/agent | unpack agent-tools
  cp agent-tools/usr/bin/busybox tools/initrd/bin/
  install -m 755 "$here/guest/init" tools/initrd/init
  for module in "${modules[@]}"; do inside tools modprobe -S "$(release)" --show-depends "$module"; done |
    sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' >module-list
  while read -r module; do
    inside tools xz -dc -f "$module" >"tools/initrd/modules/$number-$(basename "${module%.xz}")"
    number=$((number + 1))
  done <module-list
  cp tools/driver/mtty.ko tools/initrd/modules/
  # Not compressed: to unpack it costs more than to read it.
  inside tools sh -ec 'cd /initrd && find . | cpio -o -H newc -R 0:0 --quiet' >"$dir/initrd.img"
}

# The disk: Python, for the agent, and each QEMU in a tree of its own. What QEMUs have in common is there once.
disk() {
  local version size tree=tools/disk
  rm -rf "$tree" && mkdir -p "$tree/qemu"
  grep -v ^busybox-static sets/agent | unpack "$tree"
  sort "${versions[@]/#/sets/qemu-}" | uniq -c | awk -v n=${#versions[@]} '$1 == n { print $2 }' >sets/common
  unpack common <sets/common
  for version in "${versions[@]}"; do
    cp -al common "$tree/qemu/$version"
    comm -13 sets/common "sets/qemu-$version" | unpack "$tree/qemu/$version"
    inside tools ldconfig -r "/disk/qemu/$version"
    inside "$tree/qemu/$version" qemu-system-x86_64 --version
  done
  inside tools ldconfig -r /disk
  # So that the agent's modules are compiled once, here.
  sed -n '/^import /p' "$here/guest/agent.py" | inside "$tree" python3 -
  size=$(du -sk "$tree" | cut -f1)
  inside tools sh -ec 'rm -f /disk.img; mke2fs -q -t ext4 -O ^has_journal -m 0 -E root_owner=0:0 -d /disk /disk.img "$1"' \
    sh "$((size * 115 / 100 + 32768))k"
  mv tools/disk.img "$dir/disk.img"
}

# ----

start=$SECONDS
for name in lists packages tools driver_source driver initrd disk; do step "$name"; done
{
  echo "Linux $(release)"
  cat "${versions[@]/#/$work/sets/qemu-}" | sed -n 's/^qemu-system-x86_\(.*\)_amd64.deb/QEMU \1/p' | sed 's/%3a/:/'
} >"$dir/contents"
most=$(du -sm "$dir" | cut -f1)
mv "$work/recipe" "$dir/recipe"
[ -n "$keep" ] || rm -rf "$work"
say "$dir is built: $(paste -s -d, "$dir/contents" | sed 's/,/, /g') ($((SECONDS - start)) s, $(du -sm "$dir" | cut -f1) MB; $most MB while it was)"
