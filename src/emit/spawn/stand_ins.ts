import { parseQemuSize } from "../../capture/expectations/command.ts";
import { isNoDisk, isReadOnly, isRemote, type NamedFile, namedFiles } from "./named_files.ts";
import { joinOptions, type Option, propertiesOf, splitOptions, withProperty } from "./options.ts";
import { OWN_COMMAND, SpawnError } from "./spawn_error.ts";

/** What is at a path: `hidden` if Deno may not look. */
export type Seen = "file" | "directory" | "missing" | "hidden";

/** A RAM block of the stream. */
export interface StandInBlock {
  /** `pc.bios`. */
  readonly name: string;
  /** Bytes. */
  readonly usedLength: number;
}

/** What stand-ins are found by. */
export interface StandInOptions {
  /** Arguments of QEMU. */
  readonly args: readonly string[];
  /** RAM blocks of the stream; none if they are not known. */
  readonly blocks: readonly StandInBlock[];
  /** The folder that QEMU will run in. */
  readonly folder: string;
  /** The folder that we run in. */
  readonly current: string;
  /** Looks at an absolute path. */
  readonly look: (path: string) => Seen;
}

/** A file to be made in the folder that QEMU will run in. */
export interface StandInFile {
  /** Its name there. */
  readonly name: string;
  /** How many bytes of zeros it has. */
  readonly bytes: number;
}

/** The arguments of a recorded command, with files that are there. */
export interface StandIns {
  /** The arguments. */
  readonly args: readonly string[];
  /** Files to be made. */
  readonly files: readonly StandInFile[];
  /** What is other than it was recorded, for people, a sentence each without a period. */
  readonly notes: readonly string[];
}

/** The block that is as long as the firmware's file, on PCs and microvm. Elsewhere the file only has to fit. */
const FIRMWARE_BLOCK = "pc.bios";

/** Firmware that fits everywhere. */
const SMALL_FIRMWARE = 64 * 1024;

/** A PC takes 8 MiB unless it is told otherwise. The number is from the capture, the file is made by it. */
const FIRMWARE_LIMIT = 64 * 1024 * 1024;

/** Values of `-bios` that are no files. */
const NO_FIRMWARE: ReadonlySet<string> = new Set(["none", "default"]);

/** So many problems are named, the others are counted. */
const SHOWN_PROBLEMS = 8;

/**
 * Puts files in the place of those that a recorded command names and that are not there. Firmware becomes zeros of the
 * block's size, since its contents come with the stream; files of memory become zeros of their size. Other files are
 * taken from the current folder, and have to be there. What QEMU could write outside of its folder, or would run, is
 * refused: a recording may be anybody's.
 *
 * @throws {SpawnError} `missing` if something is not there; `recorded` if something is refused; `not-allowed` if Deno may
 * not look for it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { standIns } from "./stand_ins.ts";
 *
 * const { args, files } = standIns({
 *   args: ["-M", "pc", "-bios", "payload.bin"],
 *   blocks: [{ name: "pc.bios", usedLength: 65536 }],
 *   folder: "/tmp/private",
 *   current: "/home",
 *   look: () => "missing",
 * });
 * assertEquals(args.join(" "), "-M pc -bios firmware");
 * assertEquals(files, [{ name: "firmware", bytes: 65536 }]);
 * ```
 */
export function standIns(options: StandInOptions): StandIns {
  const search = new Search(options);
  const args = joinOptions(splitOptions(options.args).map((option) => search.replace(option)));
  search.check();
  return { args, files: search.files, notes: search.notes };
}

/** Goes through the options one after the other. */
class Search {
  readonly files: StandInFile[] = [];
  readonly notes: string[] = [];
  readonly #options: StandInOptions;
  readonly #missing: string[] = [];
  readonly #refused: string[] = [];
  readonly #hidden: string[] = [];
  #memories = 0;

  constructor(options: StandInOptions) {
    this.#options = options;
  }

  /** The option with what stands in for its files. */
  replace(option: Option): Option {
    return namedFiles(option).reduce((option, file) => {
      const path = this.#pathFor(option, file);
      if (path === undefined || path === file.path) return option;
      if (option.name === "") return { ...option, word: path };
      const { property } = file;
      return { ...option, value: property === undefined ? path : withProperty(option.value ?? "", property, path) };
    }, option);
  }

  /** Throws if the command cannot be used. */
  check(): void {
    const problems = [...this.#refused, ...this.#missing];
    if (problems.length > 0) {
      const more = problems.length - SHOWN_PROBLEMS;
      const shown = [...problems.slice(0, SHOWN_PROBLEMS), ...more > 0 ? [`${more} more like these`] : []];
      const code = this.#refused.length > 0 ? "recorded" : "missing";
      throw new SpawnError(code, `Cannot start the recorded command: ${shown.join("; ")}`, OWN_COMMAND);
    }
    if (this.#hidden.length === 0) return;
    const paths = this.#hidden.join(",");
    throw new SpawnError(
      "not-allowed",
      `Cannot start the recorded command: Deno has no permission to look at ${this.#hidden.join(", ")}`,
      `start with --allow-read=${paths}`,
    );
  }

  /** What QEMU is given for the file; undefined if that stays as it is. */
  #pathFor(option: Option, file: NamedFile): string | undefined {
    const { path } = file;
    switch (file.role) {
      case "firmware":
        return NO_FIRMWARE.has(path) ? undefined : this.#firmware(path);
      case "memory":
        return this.#memory(option, path);
      case "rom":
        // QEMU has its own, in a folder that it knows.
        return !path.includes("/") && this.#look(path) !== "file" ? undefined : this.#present(option, path);
      case "read":
        return this.#present(option, path);
      case "keys":
        return this.#present(option, path, "the keys of its TLS cannot be made up");
      case "disk":
        return this.#disk(option, path);
      case "device":
        return this.#present(option, path, "a VFIO device; a virtual one is made by testdata/vfio-lab of migwire");
      case "program":
        this.#refused.push(`${option.word} has it run or obey ${path}`);
        return undefined;
      case "open":
        this.#missing.push(`${option.word} names the open file ${path}, which only the recorded QEMU had`);
        return undefined;
      case "other":
        // Our own monitor's socket is in there.
        if (path.replace(/^unix:/, "").startsWith(`${this.#options.folder}/`)) return undefined;
        this.#refused.push(`${option.word} names ${path}, outside of the folder that it is to run in`);
        return undefined;
    }
  }

  #firmware(path: string): string {
    if (this.#look(path) === "file") return this.#absolute(path);
    const { usedLength } = this.#options.blocks.find(({ name }) => name === FIRMWARE_BLOCK) ?? {};
    const bytes = usedLength ?? SMALL_FIRMWARE;
    if (bytes === 0 || bytes > FIRMWARE_LIMIT) {
      this.#missing.push(`the firmware ${path} is not there, and the stream says that it has ${bytes} bytes`);
    }
    this.files.push({ name: "firmware", bytes });
    this.notes.push(
      `the firmware ${path} is not there: ${bytes} zero bytes stand in for it; its contents come with the stream`,
    );
    return "firmware";
  }

  /** Never a file that is there: that may be the memory of somebody who runs. */
  #memory({ value = "" }: Option, path: string): string | undefined {
    if (path.startsWith("/") && this.#look(path) === "directory") return undefined;
    const name = `memory-${this.#memories++}`;
    const size = propertiesOf(value).find(({ name }) => name === "size")?.value;
    const bytes = size === undefined ? undefined : parseQemuSize(size);
    // QEMU makes a file that is not there.
    if (bytes !== undefined) this.files.push({ name, bytes });
    this.notes.push(`a file of zeros stands in for the memory in ${path}: what the stream does not bring stays zero`);
    return name;
  }

  #disk(option: Option, path: string): string | undefined {
    if (isNoDisk(path)) return undefined;
    if (isRemote(path)) {
      this.#refused.push(`the guest could write to the disk ${path}`);
      return undefined;
    }
    if (isReadOnly(option) || /missing|hidden/.test(this.#look(path))) return this.#present(option, path);
    this.#refused.push(`the guest could write to the disk ${path}, which is there`);
    return undefined;
  }

  /** A file or folder that must be there. */
  #present(option: Option, path: string, why?: string): string | undefined {
    switch (this.#look(path)) {
      case "missing":
        this.#missing.push(
          `${`${option.word} names ${path}`.trim()}, which is not there${why === undefined ? "" : ` (${why})`}`,
        );
        return undefined;
      case "hidden":
        this.#hidden.push(path);
        return undefined;
      default:
        return this.#absolute(path);
    }
  }

  /** A file of the current folder: QEMU runs in another. */
  #absolute(path: string): string {
    if (path.startsWith("/")) return path;
    this.notes.push(`${path} is the one of the current folder`);
    return `${this.#options.current}/${path}`;
  }

  #look(path: string): Seen {
    return this.#options.look(path.startsWith("/") ? path : `${this.#options.current}/${path}`);
  }
}
