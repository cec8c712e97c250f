import { assert, assertEquals } from "@std/assert";
import { openCapture } from "../../capture/mod.ts";
import { canWrite, withFiles } from "../../capture/files_for_test.ts";
import { CORPUS_FOLDERS } from "../../../testing/corpus_folders.ts";
import { checkCapture, type CheckReport } from "./mod.ts";

const [shared] = CORPUS_FOLDERS;
const CAPTURES = shared?.captures ?? [];

type Codes = { readonly [capture: string]: readonly string[] };

/** What is wrong with each recorded migration, the cause first. Those that are not named have no problem at all. */
const RECORDED: Codes = {
  "plain-cancelled": ["truncated"],
  "plain-channel-count": ["channel-count", "truncated"],
  "plain-channel-count-fewer": ["channel-count"],
  "plain-channel-count-silent": ["warning channel-count"],
  "plain-cut": ["truncated"],
  "plain-missing-capability": ["multifd-off", "truncated"],
  "plain-multifd-postcopy-fails-11.1": ["recorded-outcome", "destination-failed"],
  "plain-multifd-tls": ["encrypted"],
  "plain-postcopy-recover": ["warning truncated"],
  "plain-tls": ["encrypted"],
  "plain-wrong-machine": ["machine", "truncated"],
  "plain-wrong-ram-size": ["ram-size", "truncated", "destination-failed"],
  "vfio-cancelled": ["truncated", "destination-failed"],
  "vfio-cut": ["truncated"],
  "vfio-limit-fails": ["size-limit"],
  "vfio-load-fails-exits": ["recorded-outcome"],
  "vfio-mismatch-source-off": ["mode-mismatch"],
  "vfio-mismatch-source-on": ["mode-mismatch"],
  "vfio-setup-fails": ["no-main", "warning silent-channel"],
  "vfio-stalled": ["truncated"],
  "vfio-switchover-ack-missing": ["switchover-ack", "truncated", "destination-failed"],
};

/** The errors that the same streams have by themselves, when nothing is known of the destination. */
const STREAMS_ALONE: Codes = {
  "plain-cancelled": ["truncated"],
  "plain-channel-count": ["truncated"],
  "plain-channel-count-silent": ["sync-count"],
  "plain-cut": ["truncated"],
  "plain-missing-capability": ["truncated"],
  "plain-multifd-postcopy-fails-11.1": ["destination-failed"],
  "plain-multifd-tls": ["encrypted"],
  "plain-tls": ["encrypted"],
  "plain-wrong-machine": ["truncated"],
  "plain-wrong-ram-size": ["truncated", "destination-failed"],
  "vfio-cancelled": ["truncated", "destination-failed"],
  "vfio-cut": ["truncated"],
  "vfio-setup-fails": ["no-main"],
  "vfio-stalled": ["truncated"],
  "vfio-switchover-ack-missing": ["truncated", "destination-failed"],
};

function codesOf({ problems }: CheckReport): string[] {
  const codes = problems.map(({ severity, code }) => severity === "error" ? code : `${severity} ${code}`);
  return [...new Set(codes)];
}

function checkDirectory(path: string | URL): CheckReport {
  const capture = openCapture(typeof path === "string" ? path : decodeURIComponent(path.pathname));
  try {
    return checkCapture(capture);
  } finally {
    capture.close();
  }
}

Deno.test({
  name: "checkCapture() finds the cause of every recorded failure, and nothing where both sides completed",
  ignore: CAPTURES.length === 0,
  fn(): void {
    for (const name of CAPTURES) {
      const report = checkDirectory(new URL(`${name}/`, shared?.url));
      assertEquals(codesOf(report), RECORDED[name] ?? [], name);
      const { source, destination } = report.capture.outcome ?? {};
      const encrypted = codesOf(report).includes("encrypted");
      assertEquals(report.ok, source === "completed" && destination === "completed" && !encrypted, name);
    }
  },
});

Deno.test({
  name: "checkCapture() writes every channel of the recorded migrations again as it was",
  ignore: CAPTURES.length === 0,
  fn(): void {
    for (const name of CAPTURES) {
      const { channels } = checkDirectory(new URL(`${name}/`, shared?.url));
      for (const { label, rewritten, bytes, understood, opaque, cut } of channels) {
        assert(rewritten, `${name} ${label}`);
        assertEquals(understood + opaque + cut, bytes, `${name} ${label}`);
      }
    }
  },
});

Deno.test({
  name: "checkCapture() judges the same streams by themselves where there is no capture.json",
  ignore: CAPTURES.length === 0 || !canWrite(),
  fn(): void {
    withFiles({}, (folder) => {
      for (const name of CAPTURES) {
        const from = new URL(`${name}/`, shared?.url);
        const copy = `${folder}/${name}`;
        Deno.mkdirSync(copy);
        for (const { name: file } of Deno.readDirSync(from)) {
          if (/^(channel-|file\.|events)/.test(file)) Deno.copyFileSync(new URL(file, from), `${copy}/${file}`);
        }
        const report = checkDirectory(copy);
        const errors = codesOf(report).filter((code) => !code.startsWith("warning "));
        assertEquals(errors, STREAMS_ALONE[name] ?? [], name);
        assertEquals(report.expectations, { devicesAreAll: false }, name);
      }
    });
  },
});

Deno.test({
  name: "checkCapture() says loudly what was lost where both sides completed all the same",
  ignore: CAPTURES.length === 0,
  fn(): void {
    const { problems } = checkDirectory(new URL("plain-channel-count-silent/", shared?.url));
    assertEquals(
      problems[0]?.message,
      "the source has 4 multifd channels, the destination takes 2; BOTH SIDES SAY COMPLETED all the same: what surplus " +
        "connections carried is LOST, here multifd 2, multifd 3 with 3 pages and 1038 zero pages: the destination's " +
        "memory is not the source's",
    );
  },
});

Deno.test({
  name: "checkCapture() names the place and QEMU's words for what the destination refuses",
  ignore: CAPTURES.length === 0,
  fn(): void {
    const first = (name: string): string => {
      const [problem] = checkDirectory(new URL(`${name}/`, shared?.url)).problems;
      return `${problem?.channel} ${problem?.offset}: ${problem?.qemu}`;
    };
    const sysfs = "20000000-0000-4000-8000-000000000000";
    assertEquals(
      first("plain-wrong-machine"),
      "main 8: Machine type received is 'pc-i440fx-10.0' and local is 'pc-q35-10.0'",
    );
    assertEquals(
      first("plain-wrong-ram-size"),
      "main 58: Size mismatch: pc.ram: 0x800000 != 0x1000000: Invalid argument",
    );
    assertEquals(
      first("vfio-mismatch-source-on"),
      `multifd 0 65152: ${sysfs}: got device state packet but not doing multifd transfer`,
    );
    assertEquals(
      first("vfio-load-fails-exits"),
      `capture.json 0: ${sysfs}: writing state buffer 1 failed: 5`,
    );
  },
});
