import { FileSink } from "../../src/public/capture.ts";
import { EXIT, ExitError } from "../exit.ts";

/** Letters of a device's name that its files keep. */
const LONGEST = 100;

/** Files for the states and configs of devices, in one directory, which is made when the first device comes. */
export class DeviceFiles {
  readonly #directory: string;
  /** Names that are taken, in small letters: some file systems do not tell these from capitals. */
  readonly #taken = new Set<string>();

  /** Files in `directory`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * The files of one device: what is there already is not overwritten.
   *
   * @param idstr Name of its section.
   * @param instanceId Instance of its section.
   * @throws {ExitError} If one of the files exists.
   */
  open(idstr: string, instanceId: number): FileSink {
    Deno.mkdirSync(this.#directory, { recursive: true });
    const base = `${this.#directory}/${this.#nameOf(idstr, instanceId)}`;
    const [state, config] = [`${base}.state`, `${base}.config`] as const;
    if (exists(config)) throw inTheWay(config);
    try {
      return new FileSink(state, config);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) throw inTheWay(state);
      throw error;
    }
  }

  /** A name from a stream never leaves the directory: only letters, digits, dots and dashes are kept, no dot first. */
  #nameOf(idstr: string, instanceId: number): string {
    const safe = idstr.replaceAll(/[^A-Za-z0-9.-]/g, "_").replace(/^\.+/, "_").slice(0, LONGEST);
    const wanted = `${safe}-${instanceId}`;
    let name = wanted;
    for (let i = 2; this.#taken.has(name.toLowerCase()); i++) name = `${wanted}-${i}`;
    this.#taken.add(name.toLowerCase());
    return name;
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function inTheWay(path: string): ExitError {
  return new ExitError(EXIT.blocked, `Cannot write ${path}: it exists\ngive another directory with --out`);
}
