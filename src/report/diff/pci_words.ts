import { describePciConfig, type PciConfig } from "../../wire/mod.ts";

/** What a config space says in words, by the part of it that the words are about. */
export interface PciWords {
  /** Of the header: `Control`, `Status`, `Region 0`, … and `device` for what it is. */
  readonly header: ReadonlyMap<string, string>;
  /** Of a capability, by its offset. */
  readonly capabilities: ReadonlyMap<number, string>;
}

const CAPABILITY = /^\tCapabilities: \[([0-9a-f]+)(?: v\d+)?\] (.*)$/;

/** Takes the description of a config space apart. */
export function pciWords(config: PciConfig): PciWords {
  const [what = "", ...lines] = describePciConfig(config);
  const header = new Map([["device", what]]);
  const capabilities = new Map<number, string>();
  let last: number | undefined;
  for (const line of lines) {
    const [, offset, text = ""] = CAPABILITY.exec(line) ?? [];
    if (offset !== undefined) {
      last = Number.parseInt(offset, 16);
      capabilities.set(last, text);
    } else if (line.startsWith("\t\t")) {
      if (last !== undefined) capabilities.set(last, `${capabilities.get(last)}; ${line.trim().replaceAll("\t", " ")}`);
    } else {
      last = undefined;
      const [, label = "", rest = ""] = /^\t(Expansion ROM|[^:]+):? (.*)$/.exec(line) ?? [];
      header.set(label, rest);
    }
  }
  return { header, capabilities };
}
