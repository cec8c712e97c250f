import { within } from "./deadline.ts";
import { FILES, fillContents, firmware } from "./machine.ts";
import { Relay } from "./relay.ts";
import { Sender } from "./sending.ts";
import { type Qemu, Vm } from "./vm.ts";

/** The guest of a scene. */
export interface Guest {
  /** Pages that it changes, if it runs. */
  readonly pages: number;
  /** Turns of an empty loop after each. */
  readonly delay: number;
}

const QUIET: Guest = { pages: 16, delay: 0xffff };

/** All scenes that are open, for whoever has to end at once. */
const OPEN = new Set<Scene>();

/** Ends what all scenes have started. */
export async function closeAll(): Promise<void> {
  await Promise.all([...OPEN].map((scene) => scene.close()));
}

/** One case's folder, and all that it started there; both are gone when it is closed. */
export class Scene {
  /** Where everything of the case lies. */
  readonly folder: string;
  readonly #started: (() => Promise<unknown> | void)[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** A folder below `parent`, with the files that the machine is started with. */
  static async open(parent: string, guest: Guest = QUIET): Promise<Scene> {
    const scene = new Scene(await Deno.makeTempDir({ dir: parent }));
    OPEN.add(scene);
    await Deno.writeFile(`${scene.folder}/${FILES.firmware}`, firmware(guest.pages, guest.delay));
    await Deno.writeFile(`${scene.folder}/${FILES.fill}`, fillContents());
    return scene;
  }

  /** Starts a QEMU. */
  async vm(name: string, qemu: Qemu, args: readonly string[]): Promise<Vm> {
    return await Vm.start({ name, qemu, folder: this.folder, args }, (vm) => this.#started.push(() => vm.stop()));
  }

  /** Starts a relay that writes into `folder`. */
  relay(from: string, to: string, folder: string): Relay {
    const relay = new Relay(from, to, folder);
    this.#started.push(() => relay.close());
    return relay;
  }

  /** Somebody to play the source. */
  sender(): Sender {
    const sender = new Sender();
    this.#started.push(() => sender.close());
    return sender;
  }

  /** Ends and removes everything. */
  async close(): Promise<void> {
    OPEN.delete(this);
    try {
      await within(10_000, "everything to end", Promise.all(this.#started.map((stop) => stop())));
    } finally {
      await Deno.remove(this.folder, { recursive: true });
    }
  }
}
