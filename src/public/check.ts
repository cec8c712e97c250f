/** What is wrong with a capture, and where: the values that `migwire check` prints. @module */
export {
  CHECK_FORMAT,
  checkCapture,
  type CheckedCapture,
  type CheckedChannel,
  type CheckOptions,
  type CheckProblem,
  type CheckReport,
} from "../report/check/mod.ts";
