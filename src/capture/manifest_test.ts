import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Finding } from "../wire/mod.ts";
import { CaptureError } from "./capture_error.ts";
import { type CaptureManifest, readManifest } from "./manifest.ts";

function read(json: unknown): { manifest: CaptureManifest | undefined; fields: (string | undefined)[] } {
  const findings: Finding[] = [];
  const text = typeof json === "string" ? json : JSON.stringify(json);
  const manifest = readManifest(text, "folder", (finding) => findings.push(finding));
  return { manifest, fields: findings.map((finding) => finding.field) };
}

const LEAST = { format: "migwire-capture/1", name: "n" };

Deno.test("readManifest() reads every field of FORMAT.md", () => {
  const full = {
    ...LEAST,
    about: "one line",
    encrypted: false,
    payload: true,
    source: {
      qemu: "10.0.13",
      package: "Debian 1",
      uri: "tcp:127.0.0.1:1",
      command: ["qemu-system-x86_64", "-M", "q35"],
      capabilities: { multifd: true },
      parameters: { "multifd-channels": 4 },
    },
    destination: { qemu: "10.0.13", command: [], capabilities: {}, parameters: {} },
    outcome: { source: "completed", destination: "exited", error: "e", sourceError: "s" },
    devices: [{ idstr: "0000:00:05.0/vfio", stateSha256: "00", stateBytes: 0 }],
    file: { name: "file.stream", encoding: "none", bytes: 5, sha256: "00" },
  };
  assertEquals<unknown>(read(full), { manifest: { ...full, other: {} }, fields: [] });
});

Deno.test("readManifest() needs format and name only, and keeps what it does not know", () => {
  assertEquals<unknown>(read({ ...LEAST, broken: "why" }).manifest, { ...LEAST, other: { broken: "why" } });
});

Deno.test("readManifest() leaves out fields of another type, and says which", () => {
  const { manifest, fields } = read({
    ...LEAST,
    about: 1,
    encrypted: "no",
    source: { qemu: 10, command: ["a", 1], capabilities: [] },
    destination: "there",
    outcome: { error: null, source: {} },
    devices: [{ stateBytes: -1 }],
    file: [],
  });
  assertEquals<unknown>(manifest, { ...LEAST, source: {}, outcome: {}, devices: [{}], other: {} });
  assertEquals(
    fields,
    [
      "devices[0].stateBytes",
      "about",
      "encrypted",
      "source.qemu",
      "source.command",
      "source.capabilities",
      "destination",
      "outcome.source",
      "file",
    ].sort((a, b) => fields.indexOf(a) - fields.indexOf(b)),
  );
});

Deno.test("readManifest() goes on without name or format, and without JSON", () => {
  assertEquals(read({}).manifest, { ...LEAST, name: "folder", other: {} });
  assertEquals(read({}).fields, ["format", "name"]);
  for (const text of ["", "{", "[]", "null", "7"]) assertEquals(read(text), { manifest: undefined, fields: [""] });
});

Deno.test("readManifest() refuses another format, and says what to do", () => {
  const refused = (format: string): CaptureError =>
    assertThrows(() => read({ format, name: "n" }), CaptureError, `says format "${format}", known is`);
  assertEquals(refused("migwire-capture/2").hint, "it was made by a newer migwire: read it with that");
  assertEquals([refused("other/1").code, refused("other/1").hint], ["format", "give the channel files one by one"]);
});

Deno.test("readManifest() copes with any JSON", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (json) => {
    assertEquals(read({ ...json, ...LEAST }).manifest?.name, "n");
  }));
  const names = fc.constantFrom(
    "about",
    "source",
    "destination",
    "outcome",
    "devices",
    "file",
    "__proto__",
    "toString",
  );
  fc.assert(fc.property(fc.dictionary(names, fc.jsonValue()), (json) => {
    assertEquals(read({ ...json, ...LEAST }).manifest?.format, LEAST.format);
  }));
});
