import { assert, assertEquals } from "@std/assert";
import { type Documented, documentedNames } from "./public_docs.ts";
import { entryPoints, type Import, importsOf, modulesIn, read } from "./public_surface.ts";

const ignore = Deno.permissions.querySync({ name: "read", path: new URL("..", import.meta.url) }).state !== "granted" ||
  Deno.permissions.querySync({ name: "run", command: Deno.execPath() }).state !== "granted";

/** What is public though no command, example or README block names it, and why. */
const FAMILIES: readonly { readonly why: string; readonly names: readonly string[] }[] = [
  {
    why: "each structure of a main channel has its table, so that any stream can be taken apart and made",
    names:
      `capabilityList configuration endOfStream fileHeader longSectionHeader mappedRamHeader ramBlockEntry ramBlockList
      ramCompressPage ramMark ramPageHeader ramXbzrle ramZero sectionFooter shortSectionHeader vmDescriptionHeader`
        .split(/\s+/),
  },
  {
    why: "each structure of the sections that QEMU writes by hand has its table",
    names: `blockMigrationRecord dirtyBitmapRecord htabChunk htabHeader storageAttributes storageKeys todClock`
      .split(/\s+/),
  },
  {
    why: "each structure of a multifd channel has its table",
    names: `deviceStateHeader multifdInit multifdPacketStart multifdRamHeader`.split(/\s+/),
  },
  {
    why: "each structure of a VFIO device has its table, and its config space a reader",
    names: `decodePciConfig describePciConfig msixEntry parseConfigBlob parseConfigPacket vfioConfig vfioConfigLoadReady
      vfioConfigPacket vfioConfigState vfioConfigStateOnChannel vfioData vfioDisplay vfioEndOfState vfioInitDataSent
      vfioPacketHeader vfioSetupState`.split(/\s+/),
  },
  {
    why: "each message of the return path has its table",
    names:
      `rpBitmap rpBitmapEnd rpPong rpRecvBitmap rpReqPages rpReqPagesId rpResumeAck rpShut rpSwitchoverAck rpUnknown`
        .split(/\s+/),
  },
  {
    why: "the numbers in these structures have QEMU's names",
    names:
      `BLK_MIG_FLAG commandName describeMultifdFlags DIRTY_BITMAP_FLAG MIG_CMD MIG_RP_MSG MULTIFD_FLAG MULTIFD_MAGIC
      MULTIFD_PACKET_SIZE MULTIFD_VERSION multifdCompression POSTCOPY_PHASES QEMU_VM_FILE_MAGIC QEMU_VM_FILE_VERSION
      RAM_SAVE_FLAG SECTION_TYPES SKEYS_FLAG STATTRIB_FLAG VFIO_DEVICE_STATES VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY
      VFIO_MIG_FLAG_DEV_CONFIG_STATE VFIO_MIG_FLAG_DEV_DATA_STATE VFIO_MIG_FLAG_DEV_INIT_DATA_SENT
      VFIO_MIG_FLAG_DEV_SETUP_STATE VFIO_MIG_FLAG_END_OF_STATE vfioTagName`.split(/\s+/),
  },
  {
    why: "tables are read one after the other with a decoder, and say what is missing, or wrong",
    names: `Decoder Incomplete WireError XbzrleError`.split(/\s+/),
  },
  {
    why:
      "the states of devices, and pages that came as differences or compressed, are read and written by the library alone",
    names: `annotateDeviceBody builtInDescriptions createPageCodec decodeDeviceBody decodeXbzrle encodeDeviceBody
      findVmDescription pageContents parseVmDescription`.split(/\s+/),
  },
  {
    why: "each kind of channel has its grammar, told by its first bytes, and records are written again",
    names:
      `IDENTIFY_MAX_BYTES identifyChannel MainGrammar MigrationState OpaqueGrammar PreemptGrammar serialise TlsGrammar`
        .split(/\s+/),
  },
  {
    why: "channels come and go as Web Streams",
    names:
      `grammarFor identifyStream isWhole openStream PIECE_LIMIT PieceStream RecordStream SerialiseStream STREAM_KEEP`
        .split(/\s+/),
  },
  {
    why: "the bytes of a capture's channels can be read at any place, from a file or from memory",
    names: `FileSource readBytes readChannel`.split(/\s+/),
  },
  {
    why: "what a destination expects can be asked as the commands ask it, and versions compared",
    names: `expectationsOf isAtLeast NEWEST_QEMU qemuProfile`.split(/\s+/),
  },
  {
    why: "the engine behind `load` can be driven with events of one's own, and its devices be one's own",
    names: `assembleRam Destination destinationSettings DeviceLoader DeviceRefusal DigestSink loadCapture MemorySink
      NO_LIMITS RAM_LIMIT TeeSink`.split(/\s+/),
  },
  {
    why: "the sender behind `replay` can send to a target of one's own",
    names: `buildPlan Emission EMIT_LIMITS readScore SILENT_TARGET socketTarget UNPACED`.split(/\s+/),
  },
  {
    why: "a QEMU can be started, and asked by its monitor, as `replay` does it",
    names: `adaptCommand QMP_LIMITS QmpClient SPAWN_LIMITS SpawnedQemu`.split(/\s+/),
  },
  {
    why: "the tables of `export` can be filled without files, and a capture be exported without a command line",
    names: `EXPORT_TABLES exportCapture exportOne exportUnreadable TABLE_NAMES`.split(/\s+/),
  },
  {
    why: "a description can be made without YAML; limits are known before they are met",
    names: `CHANGE_LIMIT FORGE_LIMIT forgeDescription`.split(/\s+/),
  },
  {
    why: "documents and captures carry the name of their format",
    names: `CAPTURE_FORMAT CHECK_FORMAT COMPAT_FORMAT DIFF_FORMAT EDIT_FORMAT EXPORT_FORMAT INSPECT_FORMAT LOAD_FORMAT
      REPLAY_FORMAT`.split(/\s+/),
  },
];

/** Tables of lists inside of others have the section of what they are in. */
const TYPES = ["interface", "typeAlias"];

/** What the commands, the examples and the README take from the library. */
function taken(): Set<string> {
  const blocks = [...read("README.md").matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block);
  const modules = ["cli/", "examples/"].flatMap((folder) => [...modulesIn(folder)].map(read));
  const isOurs = ({ from }: Import): boolean => from.includes("src/public/") || from.startsWith("@migwire/migwire");
  return new Set([...blocks, ...modules].flatMap(importsOf).filter(isOurs).flatMap(({ names }) => names));
}

/** What of an entry point is more than a type. */
function values(): string[] {
  return entryPoints().flatMap(({ path }) =>
    [...read(path).matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list = ""]) =>
      list.split(",").map((name) => name.trim()).filter((name) => name !== "" && !name.startsWith("type "))
    )
  );
}

Deno.test({
  name:
    "what is public is used by a command, an example or the README, or belongs to a family that is public for a reason",
  ignore,
  fn(): void {
    const used = taken();
    assert(used.size > 150, "the imports are not found any more");
    const families = FAMILIES.flatMap(({ names }) => names);
    const known = new Set([...used, ...families]);
    assertEquals(values().filter((name) => !known.has(name)), [], "belong to no family");
    const all = new Set(values());
    assertEquals(families.filter((name) => !all.has(name)), [], "are in a family, and not public");
  },
});

Deno.test({
  name: "a type that is public is used by name, or by something that is",
  ignore,
  fn(): void {
    const uses = new Map<string, Set<string>>();
    for (const { name, uses: more } of documentedNames()) {
      uses.set(name, new Set([...uses.get(name) ?? [], ...more]));
    }
    const reached = new Set<string>();
    const reach = (name: string): void => {
      if (reached.has(name) || !uses.has(name)) return;
      reached.add(name);
      for (const other of uses.get(name) ?? []) reach(other);
    };
    // Parsers give each record as a BaseRecord, whose kind tells which it is.
    const records = [...uses.keys()].filter((name) => name.endsWith("Record"));
    for (const name of [...values(), ...taken(), ...records]) reach(name);
    assertEquals([...uses.keys()].filter((name) => !reached.has(name)), []);
  },
});

Deno.test({
  name: "each public function, class and table has an example, and each table names its section of the specification",
  ignore,
  fn(): void {
    const all = new Set(values());
    const names = documentedNames().filter(({ name, kind }) => all.has(name) && !TYPES.includes(kind));
    const have = (what: (one: Documented) => boolean): Set<string> =>
      new Set(names.filter(what).map(({ name }) => name));
    const examples = have(({ tags }) => tags.includes("example"));
    const sections = have(({ doc }) => /\.md\s§/.test(doc));
    const tables = have(({ isTable }) => isTable);
    const needed = new Set([...tables, ...have(({ kind }) => kind !== "variable")]);
    assert(tables.size > 40, "the tables are not found any more");
    assertEquals([...needed].filter((name) => !examples.has(name)), [], "have no example");
    assertEquals([...have(({ isIgnored }) => isIgnored)], [], "have one that is not checked");
    assertEquals([...tables].filter((name) => !sections.has(name)), [], "name no section");
  },
});

Deno.test({
  name: "a public function or method that throws an error says so",
  ignore,
  fn(): void {
    const all = new Set(values());
    const silent = documentedNames().filter(({ name }) => all.has(name)).flatMap(({ silentThrows }) => silentThrows);
    assertEquals([...new Set(silent)], []);
  },
});
