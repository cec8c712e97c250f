/** Whether another QEMU would take a capture: the values that `migwire compat` prints. @module */
export {
  COMPAT_FORMAT,
  compatCapture,
  compatDumps,
  type CompatDumpsReport,
  type CompatOptions,
  type CompatProblem,
  type CompatReport,
  type CompatSection,
  type CompatTarget,
  type CompatTargetOptions,
  type DumpProblem,
  machineOf,
  type SectionVerdict,
} from "../report/compat/mod.ts";
