/** Situations of the main channel, and of sides that do not fit each other. @module */
export const MAIN_ROWS = `
# row 15
title: state over multifd for a destination that takes it on the main channel
expect: error(mode-mismatch)
destination: {multifd-transfer: off}
steps: [setup, switchover, data: 0, config: 1, finish]
---
# row 16
title: state on the main channel for a destination that waits for it over multifd
expect: error(mode-mismatch)
destination: {multifd-transfer: on}
steps:
  - setup
  - switchover-start
  - sync: all
  - end: ram
  - end: {content: [data: 64, end]}
  - full: {content: [config]}
  - eof
  - description
---
# row 18
title: state over multifd is asked for where multifd is off
expect: error(config)
channels: 0
destination: {multifd: off, multifd-transfer: on}
steps: [setup, switchover, finish]
---
# row 19
title: a device packet before the main channel has set the devices up
expect: error(too-early)
ram: {}
steps:
  - open
  - raw: {content: [text: QEVM]}
  - connect: 0
  - connect: 1
  - data: 0
  - raw: {content: [u32: 3, u8: 7, u32: 11, text: pc-q35-10.2]}
  - start
  - switchover
  - finish
---
# row 29
title: SWITCHOVER_START for a QEMU that does not know it
expect: error(unknown-command)
machine: pc-q35-9.2
destination: {qemu: "9.2.4"}
steps: [setup, switchover, end: {content: [data: 64, end]}, finish]
---
# row 30
title: the gate for the config never opens
expect: would-hang(gate)
destination: {load-config-after-iter: on}
steps: [setup, switchover, data: 0, config: 1, finish]
---
# row 31
title: the gate opens before the packets come
expect: ok
destination: {load-config-after-iter: on}
steps: [setup, switchover, full: {content: [load-ready]}, data: 0, config: 1, eof, description]
---
# row 32
title: the gate is opened twice
expect: error(duplicate-ready)
destination: {load-config-after-iter: on}
steps:
  - setup
  - switchover
  - full: {content: [load-ready]}
  - full: {content: [load-ready]}
  - data: 0
  - config: 1
  - eof
  - description
---
# row 33
title: CONFIG_LOAD_READY for a destination without the gate
expect: error(ready-disabled)
destination: {load-config-after-iter: off}
steps: [setup, switchover, data: 0, full: {content: [load-ready]}, config: 1, eof, description]
---
# row 34
title: CONFIG_LOAD_READY for a device on the main channel
expect: error(ready-main-mode)
destination: {load-config-after-iter: on, multifd-transfer: off}
steps: [setup, switchover, full: {content: [load-ready]}, eof, description]
---
# row 35
title: CONFIG_LOAD_READY for QEMU 10.0
expect: error(unknown-tag)
machine: pc-q35-10.0
destination: {qemu: "10.0.13"}
steps: [setup, switchover, full: {content: [load-ready]}, data: 0, config: 1, eof, description]
---
# row 61
title: the main channel fails while a loader waits
expect: error(section-type)
steps: [setup, switchover, data: 1, raw: {content: [u8: 0x55]}]
---
# row 62
title: the main channel ends inside of a section
expect: error(truncated-main)
steps: [setup, switchover, data: 0, raw: {content: [hex: "04 000000"]}, close: main]
---
# row 65
title: the FULL section of the device before its END
expect: ok
steps: [setup, switchover-start, sync: all, end: ram, full, end, data: 0, config: 1, eof, description]
---
# row 66
title: data on the main channel for a device over multifd, after the stop
expect: ok
steps:
  - setup
  - switchover-start
  - sync: all
  - end: ram
  - end: {content: [data: 10, end]}
  - data: 0
  - config: 1
  - finish
---
# row 67
title: no END section for the device
expect: ok
steps: [setup, switchover-start, sync: all, end: ram, data: 0, config: 1, finish]
---
# row 68
title: a section that nothing has announced
expect: error(unknown-section)
steps: [setup, part: {of: ram, id: 99}, switchover, finish]
---
# row 69
title: INIT_DATA_SENT for a destination without the capability
expect: error(switchover-ack)
steps: [setup, return-path, part: {content: [init-data-sent]}, switchover, data: 0, config: 1, finish]
---
# row 70
title: INIT_DATA_SENT more often than devices wait for it
expect: error(switchover-ack)
destination: {switchover-ack: on}
steps:
  - setup
  - return-path
  - part: {content: [init-data-sent]}
  - part: {content: [init-data-sent]}
  - switchover
  - data: 0
  - config: 1
  - finish
---
# row 71
title: INIT_DATA_SENT without a return path
expect: error(no-return-path)
destination: {switchover-ack: on}
steps: [setup, part: {content: [init-data-sent]}, switchover, data: 0, config: 1, finish]
---
# row 74
title: MULTIFD_FLUSH while multifd is off
expect: ok
channels: 0
devices: []
steps: [header, start: {of: ram, content: [blocks, flush, eos]}, end: {of: ram, content: [flush, eos]}, finish]
---
# row 75
title: multifd connections for a destination with mapped-ram
expect: error(config)
devices: []
destination: {mapped-ram: on}
steps: [setup, switchover, finish]
---
# row 77
title: data of a device that are longer than the stream
expect: error(truncated-main)
channels: 0
destination: {multifd: off, multifd-transfer: off}
steps: [setup, switchover-start, end: ram, end: {content: [data-tag, u64: 100, zeros: 10], cut: on}]
---
# row 78
title: the stream ends where a tag is to come
expect: error(unknown-tag)
channels: 0
destination: {multifd: off, multifd-transfer: off}
steps: [setup, switchover-start, end: ram, end: {content: [], cut: on}]
---
# row 81
title: the source cancels while the main channel is read
expect: error(truncated-main)
steps: [setup, switchover, data: 1, close: all]
---
# row 89
title: pages on the main channel although multifd is on
expect: ok
steps:
  - setup
  - part: {of: ram, content: [zero: {offset: 0}, page: {offset: 4KiB}, eos]}
  - switchover
  - data: 0
  - config: 1
  - finish
---
# row 90
title: SWITCHOVER_START in a package
expect: ok
steps:
  - setup
  - command: {number: 7, payload: "00000006"}
  - switchover-start
  - raw: {content: [u8: 0]}
  - ends
  - data: 0
  - config: 1
  - finish
`;
