/** The example that is a test of a QEMU, run as its README shows it, with a real one. @module */

import { assertEquals } from "@std/assert";
import { shownCommands, start } from "../examples.ts";
import type { Case } from "./case.ts";
import type { Qemu } from "./vm.ts";

/** What the README has where the user's QEMU goes. */
const QEMU = "/usr/bin/qemu-system-x86_64";

/** The cases for one QEMU of x86. */
export function exampleCases({ version, path }: Qemu): Case[] {
  return [{ name: `${version} example malicious_stream`, run: (folder) => runExample(path, folder) }];
}

async function runExample(path: string, folder: string): Promise<string> {
  const prefix = `QEMU=${QEMU} `;
  const shown = shownCommands().find(({ command }) => command.startsWith(prefix));
  if (shown === undefined) throw new Error("Cannot run the example: the README does not show it");
  // Its types are looked at elsewhere; here that would take the longest.
  const command = shown.command.slice(prefix.length).replaceAll(QEMU, path).replace("test ", "test --no-check ");
  // The folder is below /tmp, where it may write.
  const { out, err, code } = await start(command, "/tmp", { QEMU: path, TMPDIR: folder });
  const printed = out.replaceAll(/ \(\d+m?s\)/g, "").trimEnd();
  assertEquals({ out: printed, code }, { out: shown.output.trimEnd(), code: 0 }, err);
  return "says what the README shows";
}
