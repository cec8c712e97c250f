import { CaptureError, readBytes, readCapture } from "../../../src/capture/mod.ts";
import { type Edit, EDIT_ACTIONS, editCapture, EditError, editText, parseEdit } from "../../../src/edit/mod.ts";
import { InvariantError, refusing, type Target } from "../guided/target.ts";
import { ascii, page, RAM_EOS, ramStream } from "../../main_stream.ts";
import { joinParts, splitParts } from "../parts.ts";
import { tokenPieces } from "../pieces.ts";
import { captureOf, channelPieces } from "./captures.ts";

/** Lines of edits that are done. */
const LINES = 4;

/** An edit can ask for 10,000 copies: of a result that is larger, no more than its size is looked at. */
const READ_LIMIT = 256 * 1024;

/** A line: the action, and its text. */
function editOf(line: string): Edit[] {
  const [word = "", text = ""] = [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)];
  const action = EDIT_ACTIONS.find((one) => one === word);
  return action === undefined ? [] : [parseEdit(action, text)];
}

/** Captures that are edited; the first part has the edits, a line each. */
export const EDIT: Target = {
  name: "edit",
  weight: 4,
  holds:
    "an edit reads the same as it is written; what is edited can be read, and what no edit names is as it was; only " +
    "EditError and CaptureError are thrown",
  steps: { constant: 10_000_000, perByte: 5_000 },
  bytes: { constant: 100_000_000, perByte: 5_000 },
  parts: 2,
  run(input): void {
    const lines = new TextDecoder().decode(splitParts(input)[0]).split("\n").slice(0, LINES);
    const edits = refusing([EditError], () => lines.flatMap(editOf));
    if (edits === undefined) return;
    for (const edit of edits) {
      const text = editText(edit);
      const again = refusing([EditError], () => editOf(text).map(editText)[0]);
      // A value may have a comma in it, which is not written so that it could be read.
      if (again !== undefined && again !== text) throw new InvariantError(`"${text}" is read as "${again}"`);
    }
    const { capture } = captureOf(input);
    const edited = refusing([EditError, CaptureError], () => editCapture(capture, edits));
    if (edited === undefined) return;
    let size = 0;
    for (const { source } of edited.channels) size += source?.size ?? 0;
    if (size > READ_LIMIT) return;
    if (edits.length === 0) {
      for (const [i, { source }] of edited.channels.entries()) {
        const before = capture.channels[i]?.source;
        if (source === undefined || before === undefined) throw new InvariantError("a channel is gone");
        const [one, other] = [source, before].map((bytes) => readBytes(bytes, 0, bytes.size).toHex());
        if (one !== other) throw new InvariantError("without an edit it is another");
      }
    }
    readCapture(edited, () => {});
  },
  pieces: (part, index) => (index === 0 ? tokenPieces(part) : channelPieces(part, index)),
  grown(times): Uint8Array {
    const main = ramStream(0x10_0000);
    for (let i = 0; i < 4 * times; i++) main.part(2, [page(0, "pc.ram"), RAM_EOS]);
    return joinParts([ascii("drop kind=ram-page"), main.end(2, RAM_EOS).eof().bytes()]);
  },
};
