/** Situations of connections: what ends when, who waits for whom, how many there are. @module */
export const CHANNEL_ROWS = `
# row 20
title: a packet is refused when the main channel is at its end and a loader waits
expect: would-hang(channel-error-after-end)
steps: [setup, switchover, data: 0, finish, data: 0]
---
# row 21
title: a channel breaks before the EOF byte, with no barrier left
expect: error(magic)
steps: [setup, switchover, data: 0, raw: {channel: 0, content: [zeros: 64]}, finish]
---
# row 22
title: a channel breaks, and the main channel waits at a barrier for it
expect: would-hang(barrier)
steps: [setup, sync: 1, part: ram, raw: {channel: 0, content: [zeros: 64]}, switchover-start, finish]
---
# row 23
title: channels are closed behind their last packets
expect: ok
steps: [setup, switchover, data: 0, config: {idx: 1, channel: 1}, close: 0, close: 1, finish]
---
# row 60
title: a packet behind the config, while the main channel waits at a barrier for its channel
expect: would-hang(barrier-config)
steps:
  - setup
  - switchover-start
  - part: ram
  - data: 0
  - config: 1
  - data: {idx: 2, channel: 1}
  - sync: all
  - ends
  - finish
---
# row 72
title: the source tells rounds by its sections, the destination waits for words
expect: would-hang(sync-mode)
machine: pc-q35-8.0
barriers: section
destination:
  multifd-transfer: on
  args: ["-global", migration.multifd-flush-after-each-section=off, "-global", migration.send-switchover-start=on]
steps: [setup, ram: {pages: [0]}, switchover, data: 0, config: 1, finish]
---
# row 73
title: the source tells rounds by words, the destination waits for the ends of sections
expect: would-hang(sync-mode)
destination: {args: ["-global", migration.multifd-flush-after-each-section=on]}
steps: [setup, ram: {pages: [0]}, switchover, data: 0, config: 1, finish]
---
# row 76
title: a channel id that equals the number of channels
expect: error(channel-id)
destination: {qemu: "11.1.3"}
steps: [header, connect: 0, connect: 2, start: ram, start, switchover, finish]
---
# row 82
title: the source dies while the main channel is at a barrier
expect: would-hang(barrier)
steps: [setup, part: ram, sync: 0, reset: all]
---
# row 83
title: the source dies while the destination waits for a buffer
expect: would-hang(missing-idx)
steps: [setup, switchover, data: 1, finish, close: 0, close: 1]
---
# row 86
title: a packet is refused on one channel, while good ones are on another
expect: error(duplicate-idx)
steps: [setup, switchover, data: 0, data: 0, data: {idx: 1, channel: 1}, config: {idx: 2, channel: 1}, finish]
---
# row 91
title: a channel has more SYNCs than there are barriers
expect: lost-state(unread-after-sync)
steps: [setup, switchover, sync: 0, ram: {pages: [0]}, config: {idx: 0, channel: 1}, finish]
---
# row 92
title: a channel has fewer SYNCs than there are barriers
expect: would-hang(barrier)
steps: [setup, sync: 0, part: ram, switchover-start, finish]
---
# row 94
title: the source has more channels than the destination
expect: error(channel-count)
channels: 4
devices: []
destination: {multifd-channels: 2}
steps: [setup, ram: {pages: [0], channel: 2}, switchover, finish]
---
# row 95
title: the source has fewer channels than the destination
expect: would-hang(channel-count)
destination: {multifd-channels: 4}
steps: [setup, switchover, data: 0, config: 1, finish]
---
# row 96
title: multifd is on at the source only
expect: error(channel-count)
devices: []
destination: {multifd: off}
steps: [setup, switchover, finish]
`;
