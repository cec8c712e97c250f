/** Situations of single packets: what is odd, and what is refused. @module */
export const PACKET_ROWS = `
# row 36
title: a packet of an unknown version
expect: error(version)
steps: [setup, switchover, data: {idx: 0, version: 1}, finish]
---
# row 37
title: index 0xffffffff
expect: error(idx)
steps: [setup, switchover, data: 0xffffffff, finish]
---
# row 38
title: a huge index, for which QEMU allocates 96 GiB
expect: would-abort(allocation)
steps: [setup, switchover, data: 0xfffffffe, finish]
---
# row 39
title: a payload that is shorter than its header
expect: error(short)
steps: [setup, switchover, data: {idx: 0, payload: "00000000 00000000 000000"}, finish]
---
# row 40
title: a buffer without data
expect: ok
steps: [setup, switchover, data: {idx: 0, size: 0}, data: 1, config: 2, finish]
---
# row 41
title: a config packet without a config
expect: error(config-tag)
steps: [setup, switchover, config: {idx: 0, size: 0}, finish]
---
# row 42
title: unknown flags in a packet
expect: ok
steps: [setup, switchover, data: {idx: 0, flags: 2}, config: 1, finish]
---
# row 43
title: a config of an unknown version
expect: error(pci-version)
steps: [setup, switchover, data: 0, config: {idx: 1, content: [config-tag, u32: 3, zeros: 272, end]}, finish]
---
# row 44
title: bytes behind the end of the config
expect: ok
steps: [setup, switchover, data: 0, config: {idx: 1, content: [config, hex: "010203"]}, finish]
---
# row 45
title: the device refuses its state
expect: error(device-write)
load: ["--refuse-at", "64"]
note: the device decides, in a real destination its driver; the stream is a right one
steps: [setup, switchover, data: 0, data: 1, config: 2, finish]
---
# row 46
title: the device takes no bytes at all
expect: would-hang(write-0)
load: ["--stall-at", "64"]
note: the device decides; the stream is a right one
steps: [setup, switchover, data: 0, data: 1, config: 2, finish]
---
# row 47
title: the device takes a part of a buffer at a time
expect: ok
note: the device decides; the stream is a right one, with a buffer that is large
steps: [setup, switchover, data: {idx: 0, size: 1MiB}, config: 1, finish]
---
# row 53
title: a packet for a device that the destination does not have
expect: error(unknown-section)
steps: [setup, switchover, data: {idx: 0, device: "0000:00:09.0/vfio", instance: 3}, finish]
---
# row 54
title: a packet for a section that takes none
expect: error(no-loader)
steps: [setup, switchover, data: {idx: 0, device: ram}, finish]
---
# row 55
title: a packet whose device has a name without an end
expect: error(idstr)
steps:
  - setup
  - switchover
  - data:
      idx: 0
      device: "\\
        rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\\
        rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\\
        rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\\
        rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
  - finish
---
# row 56
title: a packet without a payload
expect: error(empty)
steps: [setup, switchover, data: {idx: 0, payload: ""}, finish]
---
# row 57
title: a packet that says that 4 GiB follow
expect: would-abort(allocation)
steps: [setup, switchover, data: {idx: 0, length: 0xffffffff}, finish]
---
# row 58
title: a device packet with SYNC
expect: error(sync-device-state)
steps: [setup, switchover, data: {idx: 0, packet-flags: 0x41}, config: 1, finish]
---
# row 59
title: a payload that is cut
expect: error(truncated)
steps: [setup, switchover, data: {idx: 0, size: 3, length: 100}, close: 0, finish]
---
# row 79
title: a compressed packet with a payload and no pages
expect: error(codec-empty)
machine: pc-q35-10.0
channels: 1
destination: {qemu: "10.0.13", multifd-transfer: off, multifd-compression: zlib}
devices: []
steps:
  - setup
  - ends
  - raw:
      channel: 0
      content: [u32: 0x11223344, u32: 1, u32: 2, u32: 128, u32: 0, u32: 5, u64: 0, u32: 1, zeros: 28, name: pc.ram, zeros: 1024, zeros: 5]
  - finish
---
# row 80
title: a compressed packet with more than 1 MiB
expect: error(codec-size)
machine: pc-q35-10.0
channels: 1
destination: {qemu: "10.0.13", multifd-transfer: off, multifd-compression: zlib}
devices: []
steps:
  - setup
  - ends
  - raw:
      channel: 0
      content: [u32: 0x11223344, u32: 1, u32: 2, u32: 128, u32: 1, u32: 0x100001, u64: 0, u32: 0, zeros: 28, name: pc.ram, zeros: 1024, zeros: 0x100001]
  - finish
---
# row 93
title: a packet without pages, as QEMU 7.2 leaves some behind
expect: ok
steps: [setup, ram: {pages: []}, switchover, data: 0, config: 1, finish]
`;
