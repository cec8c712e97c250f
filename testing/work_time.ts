import { cpuUsage } from "node:process";

/**
 * Milliseconds that this process has computed since it began. A bound of a test on how long something takes is one on the
 * difference of two of these: on a busy machine more time goes by, but not more of this.
 */
export function workTime(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}
