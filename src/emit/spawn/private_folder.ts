import { SpawnError } from "./spawn_error.ts";

/** A Unix socket's path has 108 bytes, with a NUL at its end. */
const SOCKET_PATH_LIMIT = 107;

/** The longest name of a socket in the folder, with its slash. */
const SOCKET_NAME_BYTES = "/incoming".length;

/** Where paths are short, if they are not in the system's folder for temporary files. */
const SHORT_PARENT = "/tmp";

/** A folder that nobody else can look into, with a path that is short enough for sockets in it. */
export class PrivateFolder {
  /** Its path. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes one.
   *
   * @param parent Where; in the system's folder for temporary files if absent.
   * @throws {SpawnError} `not-allowed`, `folder`.
   */
  static async make(parent?: string): Promise<PrivateFolder> {
    const path = await makeTempDir(parent);
    if (fits(path)) return new PrivateFolder(path);
    await Deno.remove(path);
    if (parent === undefined) {
      const short = await makeTempDir(SHORT_PARENT);
      if (fits(short)) return new PrivateFolder(short);
      await Deno.remove(short);
    }
    throw new SpawnError(
      "folder",
      `Cannot make a folder for QEMU in ${parent ?? SHORT_PARENT}: its path is too long for a socket`,
      "set TMPDIR to a folder with a shorter path",
    );
  }

  /** Makes a file of zeros in it. Takes no room on the disk for them. */
  async makeFile(name: string, bytes: number): Promise<void> {
    try {
      using file = await Deno.open(`${this.path}/${name}`, { write: true, createNew: true, mode: 0o600 });
      await file.truncate(bytes);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new SpawnError(
        "folder",
        `Cannot make a file of ${bytes} bytes for QEMU in ${this.path}: ${reason}`,
        "set TMPDIR to a folder with more room",
        { cause },
      );
    }
  }

  /** Removes it, with all that is in it. */
  async remove(): Promise<void> {
    try {
      await Deno.remove(this.path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

async function makeTempDir(dir: string | undefined): Promise<string> {
  try {
    // Deno makes it for its owner alone.
    const path = await Deno.makeTempDir({ prefix: "mw-", ...(dir === undefined ? {} : { dir }) });
    return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  } catch (cause) {
    const where = dir ?? "the folder for temporary files (TMPDIR, or else /tmp)";
    const options = { cause };
    if (cause instanceof Deno.errors.NotCapable) {
      const message = `Cannot make a folder for QEMU in ${where}: Deno has no permission for it`;
      const flags = `--allow-read=${dir ?? "/tmp"} --allow-write=${dir ?? "/tmp"} --allow-net`;
      throw new SpawnError("not-allowed", message, `start with ${flags}`, options);
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SpawnError("folder", `Cannot make a folder for QEMU in ${where}: ${reason}`, undefined, options);
  }
}

function fits(path: string): boolean {
  return new TextEncoder().encode(path).length + SOCKET_NAME_BYTES <= SOCKET_PATH_LIMIT;
}
