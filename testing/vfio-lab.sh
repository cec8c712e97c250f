#!/usr/bin/env bash
# Holds migwire to real VFIO devices: builds the lab of ../testdata/vfio-lab (once; $MIGWIRE_LAB says where), and replays
# the captures of VFIO migrations into it (vfio_lab/replay_gate.ts), and the situations of a destination that `migwire forge`
# knows (vfio_lab/forge_gate.ts), one of them with --replay or --forge; then `--only WORDS,…`: only the cases whose names hold
# such words. `--smoke`: what the lab is held to by itself, vfio_lab/smoke.ts. Needs a Debian, and the network the first time.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export MIGWIRE_LAB=${MIGWIRE_LAB:-${TMPDIR:-/tmp}/migwire-vfio-lab}

gates=(replay_gate.ts forge_gate.ts)
case ${1-} in
  --smoke) gates=(smoke.ts) ;;
  --replay) gates=(replay_gate.ts) ;;
  --forge) gates=(forge_gate.ts) ;;
esac
[ ${#gates[@]} -gt 1 ] || shift
# As root it may install what is missing.
[ "$(id -u)" -ne 0 ] || install=--install
bash "$here/../testdata/vfio-lab/build.sh" "$MIGWIRE_LAB" ${install-}

deno=(deno)
command -v deno >/dev/null || deno=(npx -y deno@2.9.6)
cd "$here/.."
failed=0
for gate in "${gates[@]}"; do
  "${deno[@]}" run --no-prompt --allow-read --allow-run --allow-env --allow-net=127.0.0.1 \
    --allow-write="${TMPDIR:-/tmp}" "testing/vfio_lab/$gate" --lab "$MIGWIRE_LAB" "$@" || failed=1
done
exit "$failed"
