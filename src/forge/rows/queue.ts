/** Situations of a device's queue: what is there, what is missing, what comes twice. @module */
export const QUEUE_ROWS = `
# row 1
title: buffers in any order, then the config
expect: ok
steps: [setup, switchover, data: 2, data: 0, data: {idx: 1, channel: 1}, config: 3, finish]
---
# row 2
title: only a config
expect: ok
steps: [setup, switchover, config: 0, finish]
---
# row 3
title: the config comes before some of the data
expect: ok
steps: [setup, switchover, data: 0, config: 2, data: 1, finish]
---
# row 4
title: a gap, buffer 1 never comes
expect: would-hang(missing-idx)
steps: [setup, switchover, data: 0, data: 2, config: 3, finish]
---
# row 5
title: no config packet at all
expect: would-hang(no-config)
steps: [setup, switchover, data: 0, data: 1, finish]
---
# row 6
title: no packet at all for a device over multifd
expect: would-hang(no-packets)
steps: [setup, switchover, finish]
---
# row 7
title: a buffer comes twice before it is loaded
expect: error(duplicate-idx)
steps: [setup, switchover, data: 1, data: 1, finish]
---
# row 8
title: a buffer comes again after it was loaded
expect: error(duplicate-idx)
steps: [setup, switchover, data: 0, data: 0, finish]
---
# row 9
title: the config flag on a buffer below the next one, while another is written
expect: would-abort(last-below-next)
load: ["--device-rate", "64KiB"]
note: needs a device that is slow enough; otherwise it is row 10
steps: [setup, switchover, data: 0, wait: 8, data: {idx: 1, size: 64KiB}, config: 0, finish]
---
# row 10
title: the config flag on a loaded buffer, while the loader waits for the next
expect: error(duplicate-idx)
steps: [setup, switchover, data: 0, config: 0, finish]
---
# row 11
title: two configs, the second with a higher index, before the loader comes to the first
expect: lost-state(config-written-as-data)
steps: [setup, ends, config: 0, data: 1, config: 2, switchover-start, finish]
---
# row 12
title: two configs, the second with a lower index
expect: lost-state(buffers-after-config)
steps: [setup, switchover, data: 0, config: 3, data: 2, config: 1, finish]
---
# row 13
title: another config after one was loaded
expect: lost-state(extra-config)
steps: [setup, switchover, config: 0, config: 1, finish]
---
# row 14
title: data above the index of the config
expect: lost-state(buffers-after-config)
steps: [setup, switchover, data: 2, data: 0, config: 1, finish]
---
# row 17
title: SWITCHOVER_START is missing
expect: lost-state(no-switchover-start)
steps: [setup, ends, data: 0, config: 1, finish]
---
# row 24
title: SWITCHOVER_START twice, while the loader runs
expect: would-abort(double-start)
steps: [setup, switchover, data: 1, switchover-start, finish]
---
# row 25
title: SWITCHOVER_START twice, the second after the load
expect: ok
steps: [setup, switchover, data: 0, config: 1, wait: 5, switchover-start, finish]
---
# row 26
title: SWITCHOVER_START before any packet
expect: ok
steps: [setup, switchover, data: 0, config: 1, finish]
---
# row 27
title: SWITCHOVER_START behind all packets
expect: ok
steps: [setup, ends, data: 1, data: 0, config: 2, switchover-start, finish]
---
# row 28
title: SWITCHOVER_START without a device over multifd
expect: ok
devices: []
steps: [setup, switchover, finish]
---
# row 48
title: exactly as many bytes as the limit
expect: ok
destination: {max-queued-size: 420}
note: 64 bytes of each buffer, and 292 of the config
steps: [setup, ends, data: 0, data: 1, config: 2, switchover-start, finish]
---
# row 49
title: one byte more than the limit
expect: error(size-limit)
destination: {max-queued-size: 419}
steps: [setup, ends, data: 0, data: 1, config: 2, switchover-start, finish]
---
# row 50
title: the limit refuses a buffer, then the loader goes on
expect: error(size-limit)
destination: {max-queued-size: 100}
steps: [setup, switchover, data: 1, data: 2, data: {idx: 0, size: 8}, finish]
---
# row 51
title: the limit is smaller than the config
expect: error(size-limit)
destination: {max-queued-size: 100}
steps: [setup, switchover, data: 0, config: 1, finish]
---
# row 52
title: the limit is 0
expect: error(size-limit)
destination: {max-queued-size: 0}
steps: [setup, switchover, data: {idx: 0, size: 0}, data: 1, config: 2, finish]
---
# row 63
title: the EOF byte comes before the device packets
expect: ok
steps: [setup, switchover, full, eof, data: 0, config: 1, description]
---
# row 64
title: packets of two devices mixed on the channels
expect: ok
devices: ["0000:00:05.0/vfio", "0000:00:06.0/vfio"]
steps:
  - setup
  - switchover
  - data: {idx: 1, channel: 1}
  - data: {idx: 0, device: "0000:00:06.0/vfio"}
  - config: {idx: 1, device: "0000:00:06.0/vfio", channel: 1}
  - data: 0
  - config: 2
  - finish
---
# row 84
title: two devices, the config of one is refused, the other is fine
expect: error(pci-version)
devices: ["0000:00:05.0/vfio", "0000:00:06.0/vfio"]
steps:
  - setup
  - switchover
  - data: {idx: 0, device: "0000:00:06.0/vfio"}
  - config: {idx: 1, device: "0000:00:06.0/vfio", channel: 1}
  - data: 0
  - config: {idx: 1, content: [config-tag, u32: 3, zeros: 272, end]}
  - finish
---
# row 85
title: a buffer for a device that is done
expect: lost-state(buffers-after-config)
steps: [setup, switchover, data: 0, config: 1, data: 2, finish]
---
# row 87
title: the config flag on a buffer that waits with data
expect: error(duplicate-idx)
steps: [setup, ends, data: 0, data: 1, config: 1, switchover-start, finish]
---
# row 88
title: the EOF byte comes while the config is still on its way
expect: ok
steps: [setup, switchover, data: 0, full, eof, config: 1, description]
`;
