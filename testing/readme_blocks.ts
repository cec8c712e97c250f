/** The blocks of the README, and who runs each as it is written. @module */

/** A fenced block of a Markdown text. */
export interface Block {
  /** What stands behind its fence: `sh`, `console`; empty if nothing does. */
  readonly language: string;
  /** What is in it. */
  readonly text: string;
  /** Number of the line with its fence, from 1 on. */
  readonly line: number;
}

/** The blocks of a Markdown text. */
export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(({ 1: language = "", 2: text = "", index }) => ({
    language,
    text,
    line: markdown.slice(0, index).split("\n").length,
  }));
}

/**
 * Who runs a block:
 * - `shell`: `testing/readme_blocks_test.ts`, in a scratch folder, with migwire as it is installed;
 * - `ci`: `.ci/run`, by name;
 * - `captures`: `testing/readme_blocks_test.ts`, beside the captures of real migrations;
 * - `doc test`: `deno test --doc`, of which `deno task test` is one;
 * - `export gate`: `testing/export_gate.ts`, with DuckDB;
 * - `replay gate`: `testing/real_qemu/readme_gate.ts`, with real QEMUs.
 */
export type Runner = "shell" | "ci" | "captures" | "doc test" | "export gate" | "replay gate";

/** A part of a block that is run by itself: a command, with what is shown of its output. */
export interface Part {
  /** The command, or the text of the block if it is no shell's. */
  readonly command: string;
  /** What stands below it; undefined if nothing is shown. */
  readonly output?: string;
  /** Who runs it. */
  readonly runner: Runner;
  /** Line of the block. */
  readonly line: number;
}

/**
 * All that the README says that can be run.
 *
 * @throws {Error} If nobody is known to run a block.
 */
export function partsOf(markdown: string): Part[] {
  const blocks = blocksOf(markdown);
  return blocks.flatMap((block, i) => {
    const { language, text, line } = block;
    const [, command = "", output = ""] = /^\$ (.*)\n([\s\S]*)$/.exec(text) ?? [];
    if (language === "console" && command !== "") return [{ command, output, runner: "shell", line }];
    if (language === "sh") {
      return text.trimEnd().split("\n").map((command) => ({ command, runner: ofLine(command), line }));
    }
    if (language === "ts") return [{ command: text, runner: "doc test", line }];
    if (language === "sql") return [{ command: text, runner: "export gate", line }];
    if (language === "text" && blocks[i - 1]?.language === "sql") return [];
    if (language === "text" && command.startsWith("migwire diff plain-")) {
      return [{ command, output, runner: "captures", line }];
    }
    if (language === "text" && /^migwire (replay|compat) .*(--spawn|--qemu qemu-)/.test(command)) {
      return [{ command, output, runner: "replay gate", line }];
    }
    throw new Error(`Nobody runs the block of README.md, line ${line}: ${language} ${text.split("\n")[0]}`);
  });
}

/** Who runs a line of a block for a shell. */
function ofLine(line: string): Runner {
  if (line.startsWith("npx ")) return "ci";
  // What a QEMU says only a QEMU can say.
  return /--spawn|--qmp /.test(line) ? "replay gate" : "shell";
}

/** The command without what is said behind it. */
export function withoutComment(command: string): string {
  return command.replace(/\s+#\s.*$/, "");
}
