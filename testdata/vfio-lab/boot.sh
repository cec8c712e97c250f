#!/usr/bin/env bash
# Boots the VFIO lab that build.sh has built, and waits until it is told to end: by SIGINT or SIGTERM, by the agent's
# "poweroff", or with --stdin by the end of its input. Nothing is written to the lab: several can run from one DIR.
#
#     boot.sh [DIR] [--port PORT] [--slots N] [--memory MB] [--cpus N] [--limit SECONDS] [--stdin] [--open] [--kvm]
#
# DIR             where the lab is; $MIGWIRE_LAB if not said, and migwire-vfio-lab in $TMPDIR (/tmp) without that
# --port PORT     first of the ports on 127.0.0.1: PORT is the agent's, PORT + 1 + 2N slot N's for migrations, and
#                 PORT + 2 + 2N slot N's for QMP (7800)
# --slots N       how many QEMUs can run at a time, at most 16 (3)
# --memory MB     of the virtual machine (1024)
# --cpus N        of the virtual machine (2)
# --limit SECONDS to be ready in (180)
# --stdin         ends when standard input does
# --open          what runs in the virtual machine can reach this machine, as 10.0.2.2, and its network
# --kvm           with KVM; software emulation if not said
#
# Prints `ready` when the agent answers, and the addresses. LAB_QEMU: the QEMU to use, for qemu-system-x86_64.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { echo "vfio-lab: $*" >&2; }
die() {
  say "$@"
  exit 1
}

dir=${MIGWIRE_LAB:-${TMPDIR:-/tmp}/migwire-vfio-lab}
port=7800 slots=3 memory=1024 cpus=2 limit=180 stdin='' restrict=on accel=tcg
while [ $# -gt 0 ]; do
  case $1 in
    --port | --slots | --memory | --cpus | --limit)
      [[ "${2:-}" =~ ^[0-9]{1,6}$ ]] || die "Cannot understand $1 ${2:-}: it needs a number"
      declare "${1#--}=$2"
      shift
      ;;
    --stdin) stdin=1 ;;
    --open) restrict=off ;;
    --kvm) accel=kvm ;;
    -h | --help)
      sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
      exit
      ;;
    -*) die "Cannot understand $1; --help says what there is" ;;
    *) dir=$1 ;;
  esac
  shift
done
((slots >= 1 && slots <= 16)) || die "Cannot have $slots slots: 1 to 16"
((port >= 1 && port + 2 * slots <= 65535)) || die "Cannot use ports from $port to $((port + 2 * slots))"
[ -e "$dir/recipe" ] || die "Cannot boot: there is no lab in $dir. Build it with: $here/build.sh $dir"
qemu=${LAB_QEMU:-qemu-system-x86_64}
command -v "$qemu" >/dev/null || die "Cannot boot: there is no $qemu. Install it with: apt-get install qemu-system-x86"

forwards=hostfwd=tcp:127.0.0.1:$port-:4000
addresses="agent tcp:127.0.0.1:$port"
for ((slot = 0; slot < slots; slot++)); do
  migration=$((port + 1 + 2 * slot)) qmp=$((port + 2 + 2 * slot))
  forwards+=,hostfwd=tcp:127.0.0.1:$migration-:$((4100 + slot)),hostfwd=tcp:127.0.0.1:$qmp-:$((4200 + slot))
  addresses+=$'\n'"slot $slot: migration tcp:127.0.0.1:$migration, QMP tcp:127.0.0.1:$qmp"
done

leash=()
! command -v setpriv >/dev/null || leash=(setpriv --pdeathsig KILL)
work=$(mktemp -d)
machine=''
finish() {
  if [ -n "$machine" ]; then
    kill -KILL "$machine" 2>/dev/null || true
    wait "$machine" 2>/dev/null || true
  fi
  [ -z "${reader:-}" ] || kill "$reader" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
# What is asked for is no failure. Nothing is lost with the machine: its disk is only read.
trap 'exit 0' INT TERM HUP

last_lines() {
  { cat "$work/stderr"; tail -n 30 "$work/console"; } 2>/dev/null | tr -d '\r' | sed 's/^/  /' >&2 || true
}

# The processor's weaknesses are not fought in there, and its pages have four levels: either costs most where all is
# emulated. Should this script be killed, the machine ends with it.
start() {
  : >"$work/console"
  "${leash[@]}" "$qemu" -accel "$accel" -cpu max,la57=off -machine q35,usb=off -m "$memory" -smp "$cpus" \
    -nodefaults -display none -no-reboot \
    -chardev file,id=console,path="$work/console" -serial chardev:console \
    -kernel "$dir/vmlinuz" -initrd "$dir/initrd.img" \
    -append "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off nokaslr audit=0 apparmor=0 LAB_SLOTS=$slots" \
    -fw_cfg name=opt/migwire/agent,file="$here/guest/agent.py" \
    -drive file="$dir/disk.img",format=raw,if=none,id=disk,readonly=on -device virtio-blk-pci,drive=disk \
    -netdev "user,id=net,restrict=$restrict,$forwards" -device virtio-net-pci,netdev=net,romfile= \
    </dev/null >"$work/stderr" 2>&1 &
  machine=$!
}

if [ -n "$stdin" ]; then
  { while read -r _; do :; done; kill -TERM $$; } <&0 2>/dev/null &
  reader=$!
fi

attempts=3
start
until grep -qs '^lab: ready' "$work/console"; do
  if ! kill -0 "$machine" 2>/dev/null; then
    last_lines
    attempts=$((attempts - 1))
    # Seen once in some hundred boots: a kernel that dies of the emulation, not of what is in the lab.
    if ((attempts > 0)) && grep -qs 'Kernel panic' "$work/console"; then
      say "The kernel did not boot: trying again"
      start
      continue
    fi
    die "Cannot boot: the virtual machine has ended"
  fi
  if ((SECONDS > limit)); then
    last_lines
    die "Cannot boot: the virtual machine is not ready after $limit s"
  fi
  sleep 0.1
done
# Whoever waits for "ready" may read no further.
trap '' PIPE
printf '%s\n' "ready" "$addresses" 2>/dev/null || true
wait "$machine" || { last_lines; die "The virtual machine has ended badly"; }
machine=''
