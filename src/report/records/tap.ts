import type { CaptureChannel } from "../../capture/values.ts";

/**
 * A channel whose reading can be ended early: once closed it has no more bytes. What its parser then says about the end
 * is of no interest.
 */
export class Tap {
  /** No more bytes are given. */
  closed = false;
  /** The channel as it is. */
  readonly original: CaptureChannel;
  /** The channel to read from. */
  readonly channel: CaptureChannel;

  /** A tap on `channel`, open. */
  constructor(channel: CaptureChannel) {
    this.original = channel;
    const { source, pipe, ...rest } = channel;
    this.channel = {
      ...rest,
      ...(source === undefined ? {} : {
        source: {
          size: source.size,
          readAt: (offset, into): number => this.closed ? 0 : source.readAt(offset, into),
          close: (): void => source.close(),
        },
      }),
      ...(pipe === undefined
        ? {}
        : { pipe: { head: pipe.head, read: (into): number | null => this.closed ? 0 : pipe.read(into) } }),
    };
  }
}
