/** The mutants, by number: the same seed and number make the same mutant. @module */

import { inspectCapture } from "../../src/report/inspect/mod.ts";
import type { DeviceDescription, FieldDescription, VmsdDescription } from "../../src/wire/mod.ts";
import { memoryCapture, type MemoryChannel } from "../memory_capture.ts";
import { concat } from "@std/bytes";
import { checkChannel } from "./check_channel.ts";
import { checkCodec, checkConfig, checkDeviceBody } from "./check_parts.ts";
import type { Material } from "./material.ts";
import { changeBytes, mutant } from "./mutate.ts";
import { Random } from "./random.ts";
import type { Seed } from "./seed.ts";

/** One mutant, and what is done with it. */
export interface Case {
  /** What it was made from. */
  readonly from: string;
  /** The bytes that matter, for a report. */
  readonly bytes: Uint8Array;
  /** Throws what is wrong. With other bytes it checks those in the same way. */
  check(bytes: Uint8Array): void | Promise<void>;
}

/** Makes mutants. */
export class Cases {
  readonly #material: Material;
  readonly #byRole: ReadonlyMap<string, readonly Seed[]>;
  readonly #seed: number;

  /** Mutants of `material`, which `seed` decides. */
  constructor(material: Material, seed: number) {
    this.#material = material;
    this.#byRole = Map.groupBy(material.seeds, ({ role }) => role);
    this.#seed = seed;
  }

  /** Mutant number `index`. */
  make(index: number): Case {
    const random = new Random(this.#seed, index);
    const { captures, bodies, configs, chains } = this.#material;
    const kind = random.below(100);
    if (kind < 4 && captures.length > 0) return this.#capture(random);
    if (kind < 16 && bodies.length > 0) return this.#body(random);
    if (kind < 26 && configs.length > 0) return this.#config(random);
    if (kind < 29 && chains.length > 0) return this.#codec(random);
    return this.#channel(random);
  }

  #channel(random: Random): Case {
    const role = random.pick([...this.#byRole.keys()]);
    const seeds = this.#byRole.get(role) ?? [];
    const seed = random.pick(seeds);
    // How the input is cut does not depend on the mutant's bytes, which are other ones when it is made smaller.
    const cut = random.u32();
    return {
      from: seed.name,
      bytes: mutant(seed, seeds, random),
      check: (bytes): void => checkChannel(bytes, seed.grammar, new Random(cut)),
    };
  }

  /** A capture with one channel that is a mutant. */
  #capture(random: Random): Case {
    const seeds = random.pick(this.#material.captures.filter((capture) => capture.length > 0));
    const at = random.below(seeds.length);
    const channels: readonly MemoryChannel[] = seeds.map(({ pieces, direction }) => ({
      bytes: concat(pieces.map(({ bytes }) => bytes)),
      direction,
    }));
    const changed = random.pick(seeds);
    return {
      from: `${changed.name}, in its capture`,
      bytes: mutant(seeds[at] ?? changed, seeds, random),
      check(bytes): void {
        const capture = memoryCapture(channels.with(at, { bytes, direction: channels[at]?.direction ?? "s2d" }));
        // The result must be what JSON can hold: no number beyond it, no bigint.
        JSON.stringify(inspectCapture(capture));
      },
    };
  }

  #body(random: Random): Case {
    const { bytes, description } = random.pick(this.#material.bodies);
    const changed = bytes.slice(0, random.once(4) ? random.below(bytes.length) : bytes.length);
    if (random.once(2)) changeBytes(changed, [], random);
    const other = random.once(3) ? description : changedDescription(description, random);
    return {
      from: `device ${description.name}`,
      bytes: changed,
      check: (body): void => checkDeviceBody(body, other),
    };
  }

  #config(random: Random): Case {
    const config = random.pick(this.#material.configs);
    const bytes = config.slice(0, random.once(4) ? random.below(config.length) : config.length);
    for (let i = random.below(4); i >= 0; i--) changeBytes(bytes, [], random);
    return { from: "a config", bytes, check: checkConfig };
  }

  #codec(random: Random): Case {
    const { method, packets } = random.pick(this.#material.chains);
    const at = random.below(packets.length);
    const bytes = packets[at]?.payload.slice() ?? new Uint8Array(0);
    changeBytes(bytes, [], random);
    const header = { ...packets[at]?.packet, ...changedCounts(random) };
    return {
      from: `${method} packets`,
      bytes,
      check: (payload) =>
        checkCodec(
          method,
          packets.map(({ packet, payload: whole }, i) =>
            i === at
              ? { packet: { ...packet, ...header, nextPacketSize: payload.length }, payload }
              : { packet, payload: whole }
          ),
        ),
    };
  }
}

function changedCounts(random: Random): { normalPages?: number; zeroPages?: number } {
  if (!random.once(4)) return {};
  return { normalPages: random.below(random.once(2) ? 129 : 0x1_0000_0000), zeroPages: random.below(129) };
}

/** A description with one thing changed somewhere. */
function changedDescription(description: DeviceDescription, random: Random): VmsdDescription {
  const { fields, subsections } = description;
  if (fields.length === 0 || random.once(8)) {
    return {
      ...description,
      subsections: [...subsections, ...subsections, { fields, subsections: [], vmsdName: "x" }],
    };
  }
  const at = random.below(fields.length);
  const field = fields[at] ?? random.pick(fields);
  return { ...description, fields: fields.toSpliced(at, random.below(2), changedField(field, random)) };
}

/** Lengths as a description can claim them. */
const CLAIMS = [0, 1, 2, 3, 4, 7, 8, 255, 65536, 0x7fff_ffff, 0xffff_ffff];

const TYPES = ["struct", "uint32", "bool", "buffer", "unused_buffer", "bitmap", "nullptr", "QTAILQ", "QLIST", "gtree"];

function changedField(field: FieldDescription, random: Random): FieldDescription {
  const inner = field.struct;
  if (inner !== undefined && !random.once(3)) {
    const changed = changedDescription({ ...inner, name: "", instanceId: 0 }, random);
    return { ...field, struct: changed };
  }
  switch (random.below(4)) {
    case 0:
      return { ...field, size: random.pick(CLAIMS) };
    case 1:
      return { ...field, arrayLen: random.pick(CLAIMS) };
    case 2:
      return { ...field, type: random.pick(TYPES) };
    default:
      return { ...field, index: random.pick(CLAIMS) };
  }
}
