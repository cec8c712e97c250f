import type { Finding } from "../wire/mod.ts";
import { CaptureError } from "./capture_error.ts";

/** The format of capture directories that is read and written here. */
export const CAPTURE_FORMAT = "migwire-capture/1";

/** What `capture.json` says. Only format and name are always there. */
export interface CaptureManifest {
  /** {@linkcode CAPTURE_FORMAT}. */
  readonly format: string;
  /** The capture's name. */
  readonly name: string;
  /** What it shows, in one line. */
  readonly about?: string;
  /** The channels are under TLS. */
  readonly encrypted?: boolean;
  /** Page contents and device state are there. */
  readonly payload?: boolean;
  /** The sending QEMU. */
  readonly source?: CaptureSide;
  /** The receiving QEMU. */
  readonly destination?: CaptureSide;
  /** How it ended. */
  readonly outcome?: CaptureOutcome;
  /** What the devices' drivers sent, where that is known from elsewhere. */
  readonly devices?: readonly CaptureDevice[];
  /** The file that the source wrote instead of using connections. */
  readonly file?: CaptureFile;
  /** Fields that are not defined, as they are. */
  readonly other: { readonly [name: string]: unknown };
}

/** One of the two QEMUs. */
export interface CaptureSide {
  /** Its version. */
  readonly qemu?: string;
  /** The package it is from. */
  readonly package?: string;
  /** Migration URI. */
  readonly uri?: string;
  /** Its command line. */
  readonly command?: readonly string[];
  /** Migration capabilities that were set. */
  readonly capabilities?: { readonly [name: string]: unknown };
  /** Migration parameters that were set. */
  readonly parameters?: { readonly [name: string]: unknown };
}

/** How a migration ended: status by `query-migrate`, or `exited`. */
export interface CaptureOutcome {
  /** The source's status. */
  readonly source?: string;
  /** The destination's status. */
  readonly destination?: string;
  /** The destination's error. */
  readonly error?: string;
  /** The source's error. */
  readonly sourceError?: string;
}

/** A device, and the state that its driver gave out. */
export interface CaptureDevice {
  /** Name of its section. */
  readonly idstr?: string;
  /** SHA-256 of the state, hexadecimal. */
  readonly stateSha256?: string;
  /** Bytes of the state. */
  readonly stateBytes?: number;
}

/** The file of a migration to a file. */
export interface CaptureFile {
  /** Its name in the capture. */
  readonly name?: string;
  /** `none`, or `gzip`. */
  readonly encoding?: string;
  /** Bytes before compression. */
  readonly bytes?: number;
  /** SHA-256 before compression, hexadecimal. */
  readonly sha256?: string;
}

/**
 * Reads the text of a `capture.json`. Whatever is wrong with one field is reported and the field left out.
 *
 * @param text The text.
 * @param directory Name of the directory: stands in for a missing name, and in errors.
 * @param report Receives findings.
 * @returns The manifest, or undefined if the text is no JSON object.
 * @throws {CaptureError} `format` if it says that it is something else than {@linkcode CAPTURE_FORMAT}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readManifest } from "./manifest.ts";
 *
 * const text = '{"format": "migwire-capture/1", "name": "mine", "source": {"qemu": "10.0.2"}}';
 * assertEquals(readManifest(text, "mine", console.error)?.source?.qemu, "10.0.2");
 * ```
 */
export function readManifest(
  text: string,
  directory: string,
  report: (finding: Finding) => void,
): CaptureManifest | undefined {
  const note = (field: string, message: string): void =>
    report({ severity: "warning", code: "manifest", channel: "capture.json", offset: 0, field, message });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  if (!isObject(json)) {
    note("", "capture.json is not a JSON object");
    return undefined;
  }
  const all = new Fields(json, "", note);
  const format = all.text("format");
  if (format === undefined) note("format", `format is missing, ${CAPTURE_FORMAT} assumed`);
  else if (format !== CAPTURE_FORMAT) throw unknownFormat(format, directory);
  const name = all.text("name");
  if (name === undefined) note("name", "name is missing");
  const devices = all.list("devices", isObject, "objects");
  return {
    ...compact<Omit<CaptureManifest, "format" | "name" | "other">>({
      about: all.text("about"),
      encrypted: all.flag("encrypted"),
      payload: all.flag("payload"),
      source: all.object("source", side),
      destination: all.object("destination", side),
      outcome: all.object("outcome", outcome),
      devices: devices?.map((device, i) => readDevice(new Fields(device, `devices[${i}].`, note))),
      file: all.object("file", file),
    }),
    format: CAPTURE_FORMAT,
    name: name ?? directory,
    other: all.rest(),
  };
}

function unknownFormat(format: string, directory: string): CaptureError {
  const newer = format.startsWith("migwire-capture/");
  return new CaptureError(
    "format",
    `Cannot read ${directory}: its capture.json says format ${JSON.stringify(format)}, known is ${CAPTURE_FORMAT}`,
    newer ? "it was made by a newer migwire: read it with that" : "give the channel files one by one",
  );
}

function side(fields: Fields): CaptureSide {
  return compact<CaptureSide>({
    qemu: fields.text("qemu"),
    package: fields.text("package"),
    uri: fields.text("uri"),
    command: fields.list("command", isText, "strings"),
    capabilities: fields.map("capabilities"),
    parameters: fields.map("parameters"),
  });
}

function outcome(fields: Fields): CaptureOutcome {
  return compact<CaptureOutcome>({
    source: fields.text("source"),
    destination: fields.text("destination"),
    error: fields.text("error"),
    sourceError: fields.text("sourceError"),
  });
}

function readDevice(fields: Fields): CaptureDevice {
  return compact<CaptureDevice>({
    idstr: fields.text("idstr"),
    stateSha256: fields.text("stateSha256"),
    stateBytes: fields.count("stateBytes"),
  });
}

function file(fields: Fields): CaptureFile {
  return compact<CaptureFile>({
    name: fields.text("name"),
    encoding: fields.text("encoding"),
    bytes: fields.count("bytes"),
    sha256: fields.text("sha256"),
  });
}

type Json = { readonly [name: string]: unknown };

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Takes fields of known type out of a JSON object, and notes those of another. */
class Fields {
  readonly #json: Json;
  readonly #path: string;
  readonly #note: (field: string, message: string) => void;
  readonly #taken = new Set<string>();

  constructor(json: Json, path: string, note: (field: string, message: string) => void) {
    this.#json = json;
    this.#path = path;
    this.#note = note;
  }

  /** The field `name` if `is` says that it is as it should be. JSON's null counts as absent. */
  #take<T>(name: string, is: (value: unknown) => value is T, what: string): T | undefined {
    this.#taken.add(name);
    const value = Object.hasOwn(this.#json, name) ? this.#json[name] : undefined;
    if (value === undefined || value === null) return undefined;
    if (is(value)) return value;
    this.#note(this.#path + name, `${this.#path}${name} is not ${what}`);
    return undefined;
  }

  text(name: string): string | undefined {
    return this.#take(name, isText, "a string");
  }

  flag(name: string): boolean | undefined {
    return this.#take(name, (value) => typeof value === "boolean", "true or false");
  }

  /** A number of things: whole and not negative. */
  count(name: string): number | undefined {
    return this.#take(
      name,
      (value): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
      "a whole number of 0 or more",
    );
  }

  map(name: string): Json | undefined {
    return this.#take(name, isObject, "an object");
  }

  list<T>(name: string, is: (value: unknown) => value is T, what: string): T[] | undefined {
    return this.#take(name, (value): value is T[] => Array.isArray(value) && value.every(is), `a list of ${what}`);
  }

  object<T>(name: string, read: (fields: Fields) => T): T | undefined {
    const json = this.map(name);
    return json && read(new Fields(json, `${this.#path}${name}.`, this.#note));
  }

  /** The fields that nobody took. */
  rest(): Json {
    return Object.fromEntries(Object.entries(this.#json).filter(([name]) => !this.#taken.has(name)));
  }
}

/** The object without the fields that are undefined. */
function compact<T extends object>(value: { [K in keyof T]-?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
