#!/usr/bin/env bash
# Holds migwire to what real QEMUs write and say: real_qemu/gate.ts, with QEMU 7.2, 10.0 and 11.1 of Debian (get-qemus.sh),
# 10.0 of other architectures, too.
# Needs what that needs, and Deno or npx.
# `--only WORDS`: only the cases whose names hold these words.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

list=$(bash testing/get-qemus.sh 7.2 10.0 11.1 10.0-aarch64 10.0-ppc64 10.0-s390x)
mapfile -t qemus <<<"$list"
programs=("${qemus[@]#*=}")

deno=(deno)
command -v deno >/dev/null || deno=(npx -y deno@2.9.6)
# Not in TMPDIR: a path in there may be longer than a socket's may be.
work=$(mktemp -d /tmp/mq-XXXXXX)
trap 'rm -rf "$work"' EXIT
"${deno[@]}" run --no-prompt --allow-read=.,"$work" --allow-write="$work" --allow-net \
  --allow-run="$(IFS=,; echo "${programs[*]}")" testing/real_qemu/gate.ts "$work" "${qemus[@]}" "$@"
