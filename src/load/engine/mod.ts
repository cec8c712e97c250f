/** The destination's engine: sans-IO, events in, actions out (destination-engine.md). @module */
export { type IncomingBuffer, NO_LIMITS, type QueueLimits, type QueueStatistics } from "./buffer_queue.ts";
export {
  DeviceLoader,
  type DeviceLoaderOptions,
  INDEX_LIMIT,
  type LoaderHandler,
  type LoaderState,
  type LoaderStatistics,
} from "./device_loader.ts";
export { Destination, PACKET_LIMIT } from "./destination.ts";
export type { LoadWarning } from "./diagnostics.ts";
export type { MainWait, Unread } from "./judge.ts";
export { type DestinationHandler, type DeviceHost, LoadingDevice, type ReturnPathAnswer } from "./loading_device.ts";
export { NEWEST_QEMU, type QemuProfile, qemuProfile } from "./profile.ts";
export type { BarrierStyle, DestinationSettings, DeviceSettings } from "./settings.ts";
export { LOADED, type Verdict, type VerdictKind } from "./verdict.ts";
export {
  destinationArcs,
  nextVfioState,
  sourceArcs,
  VFIO_DEVICE_STATES,
  type VfioAbilities,
  type VfioArcs,
  type VfioDeviceState,
  type VfioMoment,
} from "./vfio_states.ts";
