import { assertEquals } from "@std/assert";
import { destinationArcs, nextVfioState, sourceArcs, type VfioDeviceState, type VfioMoment } from "./vfio_states.ts";

const SOURCE: readonly VfioMoment[] = ["setup", "about-to-stop", "stopped", "complete", "cleanup"];
const DESTINATION: readonly VfioMoment[] = ["setup", "about-to-run", "running"];

function states(arcs: Parameters<typeof nextVfioState>[0], moments: readonly VfioMoment[]): VfioDeviceState[] {
  let state: VfioDeviceState = "RUNNING";
  return moments.map((moment) => state = nextVfioState(arcs, state, moment));
}

Deno.test("sourceArcs() takes a device through PRE_COPY and P2P only if it can do that", () => {
  const through = (precopy: boolean, p2p: boolean): VfioDeviceState[] => states(sourceArcs({ precopy, p2p }), SOURCE);
  assertEquals(through(true, true), ["PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "STOP_COPY", "STOP"]);
  assertEquals(through(true, false), ["PRE_COPY", "PRE_COPY", "STOP_COPY", "STOP_COPY", "STOP"]);
  assertEquals(through(false, true), ["RUNNING", "RUNNING_P2P", "STOP", "STOP_COPY", "STOP"]);
  assertEquals(through(false, false), ["RUNNING", "RUNNING", "STOP", "STOP_COPY", "STOP"]);
});

Deno.test("destinationArcs() lets a device resume until the guest runs, through P2P if it can do that", () => {
  const through = (p2p: boolean): VfioDeviceState[] => states(destinationArcs({ precopy: false, p2p }), DESTINATION);
  assertEquals(through(true), ["RESUMING", "RUNNING_P2P", "RUNNING"]);
  assertEquals(through(false), ["RESUMING", "RESUMING", "RUNNING"]);
});
