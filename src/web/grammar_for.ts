import {
  type ChannelIdentity,
  type Grammar,
  MainGrammar,
  type MainOptions,
  MultifdGrammar,
  OpaqueGrammar,
  PreemptGrammar,
  ReturnPathGrammar,
  TlsGrammar,
} from "../stream/mod.ts";

/**
 * A fresh grammar for the channel that `identity` names. What is no channel of a migration is read as opaque.
 *
 * @param identity What `identifyChannel` or {@linkcode identifyStream} said.
 * @param options What the channel cannot say about itself. `resume` is what its main channel has told: without it a
 * preempt or recovery channel knows no blocks of RAM.
 *
 * @example
 * ```ts
 * import { assertInstanceOf } from "@std/assert";
 * import { MultifdGrammar } from "@migwire/migwire/stream";
 * import { grammarFor } from "@migwire/migwire/web";
 *
 * assertInstanceOf(grammarFor({ role: "multifd", reason: "" }), MultifdGrammar);
 * ```
 */
export function grammarFor(
  { role, reason }: Pick<ChannelIdentity, "role" | "reason">,
  options: Pick<MainOptions, "pageSize" | "resume" | "qemu"> = {},
): Grammar {
  const { resume, qemu, pageSize = resume?.pageSize } = options;
  switch (role) {
    case "main": {
      const { resume: _other, ...own } = options;
      return new MainGrammar(own);
    }
    case "recovery":
      return new MainGrammar(options);
    case "preempt":
      return new PreemptGrammar(resume);
    case "multifd":
      return new MultifdGrammar({
        ...(pageSize === undefined ? {} : { pageSize }),
        ...(qemu === undefined ? {} : { context: { qemu } }),
      });
    case "return-path":
      return new ReturnPathGrammar();
    case "tls":
      return new TlsGrammar();
    default:
      return new OpaqueGrammar(reason);
  }
}
