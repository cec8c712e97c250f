#!/usr/bin/env bash
# Holds migwire to real VFIO devices: builds the lab of ../testdata/vfio-lab (once; $MIGWIRE_LAB says where), and replays
# the captures of VFIO migrations into it: vfio_lab/replay_gate.ts. `--only WORDS`: only the cases whose names hold these
# words. `--smoke`: what the lab is held to by itself, vfio_lab/smoke.ts. Needs a Debian, and the network the first time.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export MIGWIRE_LAB=${MIGWIRE_LAB:-${TMPDIR:-/tmp}/migwire-vfio-lab}

gate=replay_gate.ts
if [ "${1-}" = --smoke ]; then
  gate=smoke.ts
  shift
fi
# As root it may install what is missing.
[ "$(id -u)" -ne 0 ] || install=--install
bash "$here/../testdata/vfio-lab/build.sh" "$MIGWIRE_LAB" ${install-}

deno=(deno)
command -v deno >/dev/null || deno=(npx -y deno@2.9.6)
cd "$here/.."
"${deno[@]}" run --no-prompt --allow-read --allow-run --allow-env --allow-net=127.0.0.1 "testing/vfio_lab/$gate" \
  --lab "$MIGWIRE_LAB" "$@"
