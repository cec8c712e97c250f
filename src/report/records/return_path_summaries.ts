import type { ReturnPathRecord, RpReqPagesRecord } from "../../stream/mod.ts";
import { RECV_BITMAP_END_MARK } from "../../wire/mod.ts";
import { aside, bits, number, size, type Summaries, type SummaryField, text, word } from "./summary_field.ts";

/** Messages of the destination, with QEMU's names. */
export const RETURN_PATH_SUMMARIES: Summaries<ReturnPathRecord["kind"]> = {
  "rp-shut": ({ value }) => [
    word("SHUT"),
    number("value", value),
    aside(value === 0 ? "without error" : "the destination failed"),
  ],
  "rp-pong": ({ value }) => [word("PONG"), bits("value", value)],
  "rp-req-pages-id": (record) => [word("REQ_PAGES_ID"), text("block", record.block), ...request(record)],
  "rp-req-pages": (record) => [word("REQ_PAGES"), ...request(record)],
  "rp-recv-bitmap": ({ block }) => [word("RECV_BITMAP"), text("block", block)],
  "rp-bitmap": ({ payload, length }) => [size("bitmap", payload?.length ?? length)],
  "rp-bitmap-end": ({ mark }) => [
    bits("mark", mark),
    ...(mark === RECV_BITMAP_END_MARK ? [] : [aside("not the end mark")]),
  ],
  "rp-resume-ack": ({ value }) => [word("RESUME_ACK"), number("value", value)],
  "rp-switchover-ack": () => [word("SWITCHOVER_ACK")],
  "rp-unknown": ({ type, data }) => [number("type", type), size("data", data.length), aside("not a known message")],
};

function request({ start, requestLength }: Pick<RpReqPagesRecord, "start" | "requestLength">): SummaryField[] {
  return [bits("start", start), size("requested", requestLength)];
}
