import { EditError } from "./edit_error.ts";

/** A piece of an edit's text: `key=value`, or a word alone. */
export interface Word {
  /** Before the `=`; empty for a word alone. */
  readonly key: string;
  /** Behind it, or the word. */
  readonly value: string;
}

/**
 * The pieces of an edit's text, which commas separate. A value in double quotes may hold commas; a backslash takes the
 * next letter as it is there.
 *
 * @throws {EditError} `syntax`
 */
export function wordsOf(text: string): Word[] {
  return pieces(text).map((piece) => {
    const at = piece.indexOf("=");
    const [key, value] = at < 0 ? ["", piece] : [piece.slice(0, at).trim(), piece.slice(at + 1)];
    if ((key === "" && at >= 0) || value.trim() === "") throw wrong(text, piece);
    return { key, value: unquoted(value.trim(), text) };
  });
}

/** The text cut at commas that are not in quotes. */
function pieces(text: string): string[] {
  const found = [""];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text.charAt(i);
    if (letter === "," && !quoted) {
      found.push("");
      continue;
    }
    if (letter === '"') quoted = !quoted;
    found[found.length - 1] += quoted && letter === "\\" ? letter + text.charAt(++i) : letter;
  }
  if (quoted) throw new EditError("syntax", `Cannot read the edit ${JSON.stringify(text)}: a quote does not end`);
  return found;
}

function unquoted(value: string, text: string): string {
  if (!value.startsWith('"')) return value;
  if (value.length < 2 || !value.endsWith('"')) throw wrong(text, value);
  return value.slice(1, -1).replaceAll(/\\(.)/gs, "$1");
}

function wrong(text: string, piece: string): EditError {
  return new EditError(
    "syntax",
    `Cannot read the edit ${JSON.stringify(text)}: ${JSON.stringify(piece)} is no key=value`,
    "separate with commas: device=0000:00:05.0/vfio,index=1",
  );
}
