/** The memory of a guest, read from the process of its QEMU. Needs Linux, and `--allow-all`: Deno guards `/proc`. @module */

import { createHash } from "node:crypto";
import type { OracleBlock } from "../ram_oracle.ts";
import type { QmpClient } from "../../src/qmp/mod.ts";

/** Name, bytes in use, and where it is in QEMU; QEMU 7.2 does not tell the last. */
const LINE = /^ *(.+?) +\d+(?:\.\d+)? [KMGT]?i?B +0x[0-9a-f]+ 0x([0-9a-f]+) 0x[0-9a-f]+(?: 0x([0-9a-f]+))?/;

/** What migwire puts in the place of the file that the memory of QEMU 7.2 was recorded in, in QEMU's working directory. */
const MEMORY_FILE = "memory-0";

const CHUNK = 1 << 20;

/** Reads the blocks that can be read, of a guest that does not write. */
export async function readMemory(qmp: QmpClient, pid: number): Promise<OracleBlock[]> {
  const table = await qmp.call("human-monitor-command", { "command-line": "info ramblock" });
  if (typeof table !== "string") throw new Error("info ramblock: no text");
  return table.split(/\r?\n/).flatMap((line) => {
    const [, name, used, host] = LINE.exec(line) ?? [];
    if (name === undefined || used === undefined) return [];
    const usedLength = Number.parseInt(used, 16);
    if (host !== undefined) {
      const sha256 = digestOf(`/proc/${pid}/mem`, Number.parseInt(host, 16), usedLength);
      return [{ name, usedLength, sha256 }];
    }
    if (name !== "pc.ram") return [];
    return [{ name, usedLength, sha256: digestOf(`/proc/${pid}/cwd/${MEMORY_FILE}`, 0, usedLength) }];
  });
}

function digestOf(path: string, from: number, length: number): string {
  using file = Deno.openSync(path);
  file.seekSync(from, Deno.SeekMode.Start);
  const hash = createHash("sha256");
  const buffer = new Uint8Array(CHUNK);
  for (let left = length; left > 0;) {
    const count = file.readSync(buffer.subarray(0, Math.min(left, CHUNK)));
    if (count === null) throw new Error(`${path}: ${left} of ${length} bytes are missing`);
    hash.update(buffer.subarray(0, count));
    left -= count;
  }
  return hash.digest("hex");
}
