import { CaptureError } from "../../../src/capture/mod.ts";
import { type TimelineReport, timelineReport } from "../../../src/report/timeline/mod.ts";
import { pageText } from "../../../cli/report/page.ts";
import { terminalLines } from "../../../cli/report/terminal_text.ts";
import { memoryIo } from "../../../cli/memory_io.ts";
import type { Target } from "../guided/target.ts";
import { ascii, page, RAM_EOS, ramStream } from "../../main_stream.ts";
import { DEVICE, devicePacket, multifdChannel, VFIO_TAG } from "../../memory_capture.ts";
import { VERSIONS } from "./captures.ts";
import { pageFaults } from "./page_faults.ts";
import { RECORDED_PARTS, recordedCapture, recordedInput, recordedOf, recordedPieces } from "./recorded.ts";
import { noControls } from "./shown.ts";

/** What the bits of the first option say. */
const [SLOW_DEVICE, FEW_COLUMNS, ASCII, MANY_BINS] = [1, 2, 4, 8];

/** The fewest bins that there are: pages of more are as long as they are many. */
const BINS = 60;

/** The page of `report`, and the same in a terminal. */
export const PAGE: Target = {
  name: "page",
  weight: 5,
  holds:
    "the page is faultless HTML below 1 MB of its own elements, with its own script and style; its numbers are numbers; " +
    "only CaptureError is thrown; what is shown is printable",
  // A page has as many bins as it has, and is made anew when it is too large; each channel has buffers of its own.
  steps: { constant: 500_000, perByte: 500 },
  bytes: { constant: 32_000_000, perByte: 3_000 },
  parts: RECORDED_PARTS,
  async run(input): Promise<void> {
    const recorded = recordedOf(input);
    const [flags = 0, version = 0, limit = 0] = recorded.options;
    const capture = recordedCapture(recorded);
    if (capture === undefined) return;
    let report: TimelineReport;
    try {
      report = await timelineReport(capture, {
        expect: {
          qemu: VERSIONS[version % VERSIONS.length] ?? "10.0",
          ...(limit === 0 ? {} : { maxQueuedSize: limit * 64 }),
        },
        ...((flags & SLOW_DEVICE) === 0 ? {} : { deviceRate: 1000 }),
        ...((flags & MANY_BINS) === 0 ? { bins: BINS } : {}),
      });
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      return;
    }
    pageFaults(pageText(report, "1.2.3"));
    const io = memoryIo({
      columns: (flags & FEW_COLUMNS) === 0 ? 100 : 10,
      env: (flags & ASCII) === 0 ? {} : { TERM: "dumb" },
    });
    terminalLines(report, io).forEach(noControls);
  },
  pieces: recordedPieces,
  grown(times): Uint8Array {
    const main = ramStream(0x10_0000).start(7, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end]);
    for (let i = 0; i < 4 * times; i++) main.part(2, [page(0, "pc.ram"), RAM_EOS]);
    main.command(11).end(2, RAM_EOS).end(7, VFIO_TAG.end).full(7, DEVICE, 1, VFIO_TAG.end).eof();
    const state = Array.from({ length: 8 * times }, (_, i) => devicePacket(i, 50));
    const events = Array.from(
      { length: 8 * times },
      (_, i) => ({ t: 1000 * i, ch: 1, dir: "s2d", off: 300 * i, len: 300 }),
    );
    return recordedInput([0, 0, 0, 0], {
      manifest: ascii('{"format": "migwire-capture/1", "name": "x"}'),
      events: ascii(events.map((event) => `${JSON.stringify(event)}\n`).join("")),
    }, [main.bytes(), multifdChannel(0, state)]);
  },
};
