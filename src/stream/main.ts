import { decodeText } from "../bytes/mod.ts";
import {
  command,
  configuration,
  type Decoder,
  endOfStream,
  fileHeader,
  hex,
  longSectionHeader,
  MIG_CMD,
  parseVmDescription,
  SECTION_TYPES,
  sectionFooter,
  shortSectionHeader,
  type VmDescription,
  vmDescriptionHeader,
} from "../wire/mod.ts";
import type { ChannelReader, Grammar } from "./channel_reader.ts";
import {
  CUT_DESCRIPTION,
  cutConfiguration,
  cutElement,
  cutFileHeader,
  cutFooter,
  INPUT_OUTPUT_ERROR,
} from "./main_cut.ts";
import type {
  CommandRecord,
  ConfigurationRecord,
  EofRecord,
  FileHeaderRecord,
  LongSectionRecord,
  SectionFooterRecord,
  ShortSectionRecord,
  VmDescriptionRecord,
} from "./main_records.ts";
import { machinePageSize, MigrationState, type SectionEntry } from "./migration_state.ts";
import { applyCommand } from "./postcopy_commands.ts";
import type { OpaqueRecord } from "./record.ts";
import type { SectionBody } from "./section_body.ts";
import { SectionBodies } from "./section_bodies.ts";

/** How a main channel ended. */
export type MainEnding =
  /** EOF and VM description. */
  | "complete"
  /** EOF without VM description, as a machine with suppress-vmdesc sends it. */
  | "complete-no-description"
  /** EOF of a postcopy stream, which has no description. */
  | "postcopy-complete"
  /** EOF, then COLO messages. */
  | "colo"
  /** No EOF. */
  | "cut";

/** Where a main channel begins, and what is known beforehand. */
export interface MainOptions {
  /** VM description, where the input could be searched for it: device bodies are then read by it. */
  readonly description?: VmDescription;
  /** Target page size in bytes, where the user says it. */
  readonly pageSize?: number;
  /** Bytes of the file before the channel: offsets in mapped-ram headers count from the start of the file. */
  readonly fileOffset?: number;
  /** Goes on with the state of an interrupted migration: a recovery connection, which has no header (§10). */
  readonly resume?: MigrationState;
  /** Version of the QEMU that is to load it; decides what it minds. The newest if absent. */
  readonly qemu?: string;
}

/** First bytes of elements: where one of these follows the first section, the stream has no footers. */
const ELEMENTS: readonly number[] = [
  SECTION_TYPES.EOF,
  SECTION_TYPES.START,
  SECTION_TYPES.PART,
  SECTION_TYPES.END,
  SECTION_TYPES.FULL,
  SECTION_TYPES.COMMAND,
];

/** Longest VM description that is kept and read, in bytes: real ones have up to a few MiB. */
const DESCRIPTION_LIMIT = 16 * 1024 * 1024;

/**
 * Grammar of a main channel (main-channel.md §1 to §4): framing of the elements. The bodies of the sections have grammars
 * of their own. Read by a `ChannelParser`.
 *
 * @example What a stream tells
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ChannelParser, MainGrammar } from "@migwire/migwire/stream";
 *
 * const grammar = new MainGrammar();
 * const parser = new ChannelParser(grammar);
 * parser.push(Uint8Array.fromHex("5145564d00000003" + "070000000a70632d7133352d392e32" + "00"));
 * parser.end();
 * assertEquals(grammar.state.machine, "pc-q35-9.2");
 * assertEquals(grammar.state.pageSize, 4096);
 * assertEquals(grammar.ending, "complete-no-description");
 * ```
 */
export class MainGrammar implements Grammar {
  /** What the stream has told so far. */
  readonly state: MigrationState;
  readonly #bodies: SectionBodies;
  #next: (reader: ChannelReader) => void;
  #expecting = "file header";
  #section: SectionEntry | undefined;
  #body: SectionBody | undefined;
  /** Channel offset of the end of the last package. */
  #packageEnd = 0;
  /** Channel offset of the last element. */
  #elementStart = 0;
  #eof = false;
  #described = false;

  /** The grammar of a new stream, or of a resumed one. */
  constructor(options: MainOptions = {}) {
    this.state = options.resume ?? new MigrationState();
    if (options.qemu !== undefined) this.state.destination = options.qemu;
    if (options.pageSize !== undefined) this.state.learnPageSize(options.pageSize, "option");
    if (options.description !== undefined) this.#learnDescription(options.description);
    this.#bodies = new SectionBodies(this.state, options.fileOffset ?? 0);
    this.#next = options.resume === undefined ? this.#fileHeader : this.#element;
    if (options.resume !== undefined) this.#expecting = "section type";
  }

  /** What comes next, for people. */
  get expecting(): string {
    return this.#body?.expecting ?? this.#expecting;
  }

  /** How the channel ended; `cut` as long as there was no EOF. */
  get ending(): MainEnding {
    if (!this.#eof) return "cut";
    if (this.state.colo) return "colo";
    if (this.state.postcopy === "running") return "postcopy-complete";
    return this.#described ? "complete" : "complete-no-description";
  }

  /** Reads one record. */
  step(reader: ChannelReader): void {
    this.#next(reader);
  }

  /** Without an EOF byte the stream is not complete, even where it ends between two elements (§16, 10). */
  get complete(): boolean {
    return this.#eof;
  }

  /** What the newest QEMU says of a channel that ends here. */
  qemuAtCut(begun: Uint8Array, length: number): string | null {
    switch (this.#next) {
      case this.#fileHeader:
        return cutFileHeader(begun);
      case this.#afterHeader:
        return cutConfiguration(begun);
      case this.#element:
        return cutElement(begun);
      case this.#footer:
        return this.#section === undefined ? INPUT_OUTPUT_ERROR : cutFooter(begun, this.#section);
      case this.#afterEof:
        return CUT_DESCRIPTION;
    }
    // Of a record whose payload was passing, the body knows no more.
    if (begun.length < length || this.#body?.qemuAtCut === undefined) return INPUT_OUTPUT_ERROR;
    return this.#body.qemuAtCut(begun);
  }

  #learnDescription(description: VmDescription): void {
    this.state.description = description;
    if (description.pageSize !== undefined) this.state.learnPageSize(description.pageSize, "description");
  }

  #fileHeader(reader: ChannelReader): void {
    const { decoder } = reader;
    const offset = decoder.offset;
    const fields = fileHeader.read(decoder);
    const record: FileHeaderRecord = { ...fields, kind: "file-header", offset, length: 8 };
    reader.emit(record);
    this.#next = this.#afterHeader;
    this.#expecting = "configuration";
  }

  /** The configuration is there by a property of the source's machine: its first byte tells (§2.2). */
  #afterHeader(reader: ChannelReader): void {
    const { decoder } = reader;
    decoder.need(1);
    if (decoder.bytes[decoder.pos] === SECTION_TYPES.CONFIGURATION) {
      const offset = decoder.offset;
      const fields = configuration.read(decoder);
      this.#configure(fields);
      const record: ConfigurationRecord = {
        ...fields,
        kind: "configuration",
        offset,
        length: decoder.offset - offset,
      };
      reader.emit(record);
      this.#elementNext();
    } else {
      this.#elementNext();
      this.#element(reader);
    }
  }

  #configure(fields: { machine: string; subsections: ConfigurationRecord["subsections"] }): void {
    this.state.machine = fields.machine;
    for (const sub of fields.subsections) {
      for (const { name } of sub.capabilities?.names ?? []) this.state.capabilities.add(name);
      if (sub.targetPageBits === undefined) continue;
      this.state.targetPageBits = sub.targetPageBits;
      this.state.learnPageSize(2 ** sub.targetPageBits, "target-page-bits");
    }
    const implied = machinePageSize(fields.machine);
    if (implied !== undefined) this.state.learnPageSize(implied, "machine");
  }

  #elementNext(): void {
    this.#next = this.#element;
    this.#section = undefined;
    this.#body = undefined;
    this.#expecting = "section type";
  }

  #element(reader: ChannelReader): void {
    const { decoder } = reader;
    decoder.need(1);
    this.#checkPackage(decoder);
    const type = decoder.bytes[decoder.pos] ?? 0;
    switch (type) {
      case SECTION_TYPES.START:
      case SECTION_TYPES.FULL:
        return this.#longSection(reader, type);
      case SECTION_TYPES.PART:
      case SECTION_TYPES.END:
        return this.#shortSection(reader, type);
      case SECTION_TYPES.COMMAND:
        return this.#command(reader);
      case SECTION_TYPES.EOF:
        return this.#endOfStream(reader);
      default:
        return decoder.fail({
          code: "section-type",
          field: "type",
          message: `${hex(type)} is no section type`,
          qemu: `Unknown section type ${type}`,
        });
    }
  }

  /** End of the package that the next byte is in, if it is in one. */
  #packageAround(offset: number): number | undefined {
    return offset < this.#packageEnd ? this.#packageEnd : undefined;
  }

  /** Notes it when the element before went on beyond the end of the package that it began in. */
  #checkPackage(decoder: Decoder): void {
    const over = decoder.offset - this.#packageEnd;
    if (over <= 0 || this.#elementStart >= this.#packageEnd) return;
    decoder.note({
      severity: "error",
      code: "package-length",
      offset: this.#packageEnd,
      message: `an element goes on ${over} bytes after the end of its package`,
      qemu: "the blob is read as a stream of its own: reading past its end gives a stream error",
    });
  }

  #longSection(reader: ChannelReader, type: number): void {
    const { decoder } = reader;
    const offset = decoder.offset;
    const fields = longSectionHeader.read(decoder);
    const known = this.state.sections.get(fields.sectionId);
    if (known !== undefined && (known.idstr !== fields.idstr || known.instanceId !== fields.instanceId)) {
      decoder.note({
        severity: "warning",
        code: "section-id-reused",
        offset,
        field: "sectionId",
        message: `section id ${fields.sectionId} belonged to "${known.idstr}" and now names "${fields.idstr}"`,
      });
    }
    const { type: _type, ...entry } = fields;
    this.#elementStart = offset;
    this.state.announce(entry, type === SECTION_TYPES.START);
    this.#bodies.checkVersion(entry, decoder, offset);
    const kind = type === SECTION_TYPES.START ? "section-start" : "section-full";
    const record: LongSectionRecord = { ...fields, kind, offset, length: decoder.offset - offset };
    reader.emit(record);
    this.#enter(entry, kind);
  }

  #shortSection(reader: ChannelReader, type: number): void {
    const { decoder } = reader;
    const offset = decoder.offset;
    const fields = shortSectionHeader.read(decoder);
    const entry = this.state.sections.get(fields.sectionId);
    if (entry === undefined) {
      decoder.note({
        severity: "error",
        code: "unknown-section",
        offset,
        field: "sectionId",
        message: `no section before announced the id ${fields.sectionId}`,
        qemu: `Unknown section ${fields.sectionId}`,
      });
    }
    this.#elementStart = offset;
    const kind = type === SECTION_TYPES.PART ? "section-part" : "section-end";
    const record: ShortSectionRecord = {
      ...fields,
      kind,
      offset,
      length: decoder.offset - offset,
      ...(entry === undefined ? {} : { idstr: entry.idstr, instanceId: entry.instanceId }),
    };
    reader.emit(record);
    this.#enter(entry ?? { sectionId: fields.sectionId, idstr: "", instanceId: 0, versionId: 0 }, kind);
  }

  #enter(entry: SectionEntry, kind: LongSectionRecord["kind"] | ShortSectionRecord["kind"]): void {
    this.#section = entry;
    this.#body = this.#bodies.enter(entry, kind, this.#packageAround(this.#elementStart));
    this.#next = this.#inBody;
  }

  #inBody(reader: ChannelReader): void {
    if (this.#body?.step(reader) !== true) return;
    this.#body = undefined;
    this.#next = this.#footer;
    this.#expecting = "section footer";
  }

  /** Footers are a property of each side, not of the stream: what follows the first section tells (§3.3). */
  #footer(reader: ChannelReader): void {
    const { decoder } = reader;
    const section = this.#section;
    decoder.need(1);
    this.state.footers ??= !ELEMENTS.includes(decoder.bytes[decoder.pos] ?? 0);
    if (!this.state.footers || section === undefined) {
      this.#elementNext();
      return this.#element(reader);
    }
    const offset = decoder.offset;
    if (decoder.bytes[decoder.pos] !== SECTION_TYPES.FOOTER) {
      decoder.fail({
        code: "footer-missing",
        message: `section "${section.idstr}" has no footer where its body ends`,
        qemu: `Missing section footer for ${section.idstr}`,
      });
    }
    const fields = sectionFooter.read(decoder);
    if (fields.sectionId !== section.sectionId) {
      decoder.note({
        severity: "error",
        code: "footer-mismatch",
        offset,
        field: "sectionId",
        message: `footer of "${section.idstr}" names section ${fields.sectionId}, expected ${section.sectionId}`,
        qemu: `Mismatched section id in footer for ${section.idstr} - read ${hex(fields.sectionId)} expected ${
          hex(section.sectionId)
        }`,
      });
    }
    const record: SectionFooterRecord = { ...fields, kind: "section-footer", offset, length: 5 };
    reader.emit(record);
    this.#elementNext();
  }

  #command(reader: ChannelReader): void {
    const { decoder } = reader;
    const offset = decoder.offset;
    const fields = command.read(decoder);
    if (fields.command === MIG_CMD.PACKAGED && fields.blobLength !== undefined) {
      if (this.#packageAround(offset) !== undefined) {
        decoder.fail({ code: "package-nested", offset, message: "a package inside of a package" });
      }
      this.#packageEnd = decoder.offset + fields.blobLength;
    }
    this.#elementStart = offset;
    applyCommand(this.state, fields, decoder, offset);
    const record: CommandRecord = { ...fields, kind: "command", offset, length: decoder.offset - offset };
    reader.emit(record);
    this.#elementNext();
  }

  #endOfStream(reader: ChannelReader): void {
    const { decoder } = reader;
    const offset = decoder.offset;
    const fields = endOfStream.read(decoder);
    if (this.#packageAround(offset) !== undefined) {
      decoder.note({
        severity: "warning",
        code: "package-eof",
        offset,
        message: "an EOF byte inside of a package, which ends with POSTCOPY_RUN",
      });
    } else {
      this.#eof = true;
      this.#next = this.#afterEof;
      this.#expecting = "VM description";
    }
    const record: EofRecord = { ...fields, kind: "eof", offset, length: 1 };
    reader.emit(record);
  }

  #afterEof(reader: ChannelReader): void {
    const { decoder } = reader;
    decoder.need(1);
    const offset = decoder.offset;
    if (decoder.bytes[decoder.pos] !== SECTION_TYPES.VMDESCRIPTION || this.#described) return this.#trailing(reader);
    const fields = vmDescriptionHeader.read(decoder);
    const payload = { offset: decoder.offset, length: fields.textLength };
    const record: VmDescriptionRecord = {
      ...fields,
      kind: "vm-description",
      offset,
      length: 5 + fields.textLength,
      payload,
    };
    if (fields.textLength <= DESCRIPTION_LIMIT) {
      const text = decodeText(decoder.takeView(fields.textLength));
      this.#parseDescription(reader, text, payload.offset);
      this.#described = true;
      reader.emit(record);
    } else {
      decoder.note({
        severity: "warning",
        code: "description-length",
        offset,
        field: "textLength",
        message: `VM description of ${fields.textLength} bytes is passed over: at most ${DESCRIPTION_LIMIT} are read`,
      });
      this.#described = true;
      reader.pass(record);
    }
    this.#expecting = "end of the channel";
  }

  /** A destination drops the text unread, so what is wrong with it is no error. */
  #parseDescription(reader: ChannelReader, text: string, offset: number): void {
    const description = parseVmDescription(
      text,
      (finding) => reader.decoder.note({ ...finding, offset: offset + (finding.offset ?? 0) }),
    );
    if (description !== undefined && this.state.description === undefined) this.#learnDescription(description);
  }

  /** Bytes after the end are not part of the migration (§3.4), except COLO's messages (§3.13). */
  #trailing(reader: ChannelReader): void {
    const { offset } = reader.decoder;
    const reason = this.state.colo ? "COLO messages" : "bytes after the end of the migration";
    if (!this.state.colo) {
      reader.decoder.note({
        severity: "warning",
        code: "trailing",
        offset,
        message: "bytes follow the end of the migration; a destination does not read them",
      });
    }
    const length = Number.MAX_SAFE_INTEGER - offset;
    const rest: OpaqueRecord = { kind: "opaque", offset, length, reason, payload: { offset, length } };
    reader.pass(rest);
  }
}
