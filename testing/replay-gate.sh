#!/usr/bin/env bash
# Replays captures of real migrations into real QEMUs, as they are and as they may be changed, and what must fail, and
# targets that fail: real_qemu/replay_gate.ts, with the QEMUs of Debian that they were recorded with (get-qemus.sh).
# And what `migwire compat` foresees of them, and of streams that are made for it.
# Needs what that needs, and Deno or npx; and the captures, beside the project.
# `--only WORDS`: only the cases whose names hold these words.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

list=$(bash testing/get-qemus.sh 7.2 10.0 10.0-aarch64 11.1)
mapfile -t qemus <<<"$list"

deno=(deno)
command -v deno >/dev/null || deno=(npx -y deno@2.9.6)
# Not in TMPDIR: a path in there may be longer than a socket's may be. What migwire itself makes goes into it, too.
work=$(mktemp -d /tmp/mr-XXXXXX)
trap 'rm -rf "$work"' EXIT
# All permissions: the memory of a guest is read from its process, and Deno gives nothing of /proc for less.
TMPDIR=$work "${deno[@]}" run --no-prompt --allow-all testing/real_qemu/replay_gate.ts "$work" "${qemus[@]}" "$@"
