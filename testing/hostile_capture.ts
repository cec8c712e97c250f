/** A capture whose every name attacks whoever shows it. @module */

import type { Capture } from "../src/capture/mod.ts";
import { CONFIG, packet, padded, SECTION } from "./load_bytes.ts";
import { blockList, page, RAM_EOS, stream, zeroPage } from "./main_stream.ts";
import { memoryCapture, multifdChannel, VFIO_TAG } from "./memory_capture.ts";

/** Names that break out of text, attributes, scripts, styles and comments, if they are let. */
export const HOSTILE: readonly string[] = [
  `<script>globalThis.pwned="tag"</script>`,
  `"><img src=x: onerror="globalThis.pwned='attribute'">`,
  `'><svg onload=globalThis.pwned='svg'>`,
  `</script><script>globalThis.pwned="end"</script>`,
  `</style></title><script>globalThis.pwned="style"</script>`,
  `--><script>globalThis.pwned="comment"</script><!--`,
  `<iframe srcdoc="<script>parent.pwned=1</script>">`,
  `<a href="javascript:globalThis.pwned=1">`,
];

const [TAG = "", ATTRIBUTE = "", SVG = "", END = "", STYLE = "", COMMENT = "", FRAME = "", LINK = ""] = HOSTILE;

/** The capture: hostile machine, block, section and device names, VM description, and notes of a recorder. */
export function hostileCapture(): Capture {
  const vfio = `${ATTRIBUTE}/vfio`;
  const field = { name: TAG, type: SVG, size: 8 };
  const main = stream(TAG)
    .start(2, "ram", 4, [blockList({ [ATTRIBUTE]: 0x4000, [END]: 0x4000 }), RAM_EOS])
    .start(SECTION, vfio, 1, [VFIO_TAG.setup, VFIO_TAG.end])
    .part(2, [page(0, ATTRIBUTE), zeroPage(0x1000), page(0, END), RAM_EOS])
    .command(11)
    .end(2, RAM_EOS)
    .end(SECTION, VFIO_TAG.end)
    .full(7, STYLE, 1, new Uint8Array(8))
    .full(8, COMMENT, 1, new Uint8Array(8))
    .full(SECTION, vfio, 1, VFIO_TAG.end)
    .eof()
    .description({
      page_size: 4096,
      configuration: { vmsd_name: FRAME, version: 1, fields: [field] },
      devices: [
        { name: STYLE, instance_id: 0, vmsd_name: LINK, version: 1, fields: [field] },
        { name: COMMENT, instance_id: 0, vmsd_name: LINK, version: 1, fields: [field] },
      ],
    });
  const name = { idstr: padded(vfio) };
  const state = [
    packet(0, new Uint8Array(100), name),
    packet(2, new Uint8Array(100), name),
    packet(3, CONFIG, { ...name, vfioFlags: 1 }),
  ];
  const events = [
    { t: 0, ch: 0, ev: "open" },
    { t: 1e6, ch: 0, dir: "s2d", off: 0, len: main.length },
    { t: 2e6, ch: 1, dir: "s2d", off: 0, len: 3000 },
    { t: 3e6, ch: 1, dir: "s2d", off: 3000, ev: "reset", error: SVG },
  ];
  const capture = memoryCapture([{ bytes: main.bytes() }, { bytes: multifdChannel(0, state) }], events);
  return {
    ...capture,
    name: LINK,
    manifest: {
      about: COMMENT,
      source: { qemu: FRAME, command: [TAG] },
      destination: { qemu: SVG },
      outcome: { source: TAG, destination: ATTRIBUTE, error: `${STYLE}\n${END}` },
    } as unknown as NonNullable<Capture["manifest"]>,
  };
}
