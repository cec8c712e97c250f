import { assertEquals } from "@std/assert";
import type { BaseRecord, CommandRecord } from "../../stream/mod.ts";
import { MIG_CMD } from "../../wire/mod.ts";
import { Packages } from "./packages.ts";
import type { LoadingDevice } from "./loading_device.ts";
import { SectionOrder } from "./section_order.ts";

function command(number: number, offset: number, blobLength?: number): CommandRecord {
  const length = blobLength === undefined ? 5 : 9;
  return {
    kind: "command",
    command: number,
    offset,
    length,
    ...(blobLength === undefined ? {} : { blobLength }),
  } as CommandRecord;
}

function record(kind: string, offset: number): BaseRecord {
  return { kind, offset, length: 1 } as BaseRecord;
}

/** Where each record stands, behind a package of 20 bytes from offset 109 on. */
function places(...records: BaseRecord[]): string[] {
  const packages = new Packages();
  packages.place(command(MIG_CMD.PACKAGED, 100, 20));
  return records.map((each) => packages.place(each));
}

Deno.test("Packages knows its bytes, from the first to the last", () => {
  assertEquals(new Packages().place(record("section-full", 0)), "outside");
  assertEquals(places(record("section-full", 109), record("section-full", 128)), ["inside", "inside"]);
  assertEquals(places(record("section-full", 129)), ["behind-cut"]);
  assertEquals(places(record("section-full", 108)), ["outside"]);
});

Deno.test("Packages takes a package for ended by an EOF byte, or by POSTCOPY_RUN in it", () => {
  assertEquals(places(record("eof", 119), record("section-full", 129)), ["inside", "outside"]);
  assertEquals(places(command(MIG_CMD.POSTCOPY_RUN, 115), record("eof", 129)), ["inside", "outside"]);
  assertEquals(places(command(MIG_CMD.POSTCOPY_LISTEN, 115), record("eof", 129)), ["inside", "behind-cut"]);
  assertEquals(places(command(MIG_CMD.POSTCOPY_RUN, 105), record("eof", 129)), ["outside", "behind-cut"]);
});

Deno.test("Packages looks at the package that was begun last", () => {
  const ended = record("eof", 119);
  const next = command(MIG_CMD.PACKAGED, 200, 10);
  assertEquals(places(ended, next, record("section-full", 209), record("section-full", 219)), [
    ...["inside", "outside", "inside", "behind-cut"],
  ]);
  assertEquals(places(ended, command(MIG_CMD.PACKAGED, 200), record("section-full", 219)), [
    ...["inside", "outside", "outside"],
  ]);
});

/** What is odd about a SWITCHOVER_START behind other commands, with a VFIO device or without. */
function oddities(...steps: (CommandRecord | "device")[]): string[] {
  const messages: string[] = [];
  const order = new SectionOrder((_, message) => messages.push(message));
  const device = { warn: (): void => {} } as unknown as LoadingDevice<unknown>;
  for (const step of steps) {
    if (step === "device") order.section(device, "section-start");
    else order.command(step);
  }
  order.end();
  return messages;
}

Deno.test("SectionOrder finds a SWITCHOVER_START in a package odd", () => {
  const start = (offset: number): CommandRecord => command(MIG_CMD.SWITCHOVER_START, offset);
  const packaged = command(MIG_CMD.PACKAGED, 100, 20);
  assertEquals(oddities(start(0)), []);
  assertEquals(oddities(packaged, start(128)), ["SWITCHOVER_START inside of a package"]);
  assertEquals(oddities(packaged, start(129)), []);
});

Deno.test("SectionOrder finds a SWITCHOVER_START after postcopy began odd, if there is a VFIO device", () => {
  const start = command(MIG_CMD.SWITCHOVER_START, 5);
  const late = ["SWITCHOVER_START after commands of postcopy"];
  for (const number of [MIG_CMD.POSTCOPY_ADVISE, MIG_CMD.POSTCOPY_LISTEN, MIG_CMD.POSTCOPY_RUN]) {
    assertEquals(oddities(command(number, 0), "device", start), late);
    assertEquals(oddities(command(number, 0), start, "device"), late);
    // So does QEMU, where there is none.
    assertEquals(oddities(command(number, 0), start), []);
  }
  assertEquals(oddities(command(MIG_CMD.POSTCOPY_RESUME, 0), "device", start), []);
  assertEquals(oddities(start, command(MIG_CMD.POSTCOPY_ADVISE, 0), "device"), []);
});
