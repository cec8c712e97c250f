import type { ReturnPathAnswer } from "./loading_device.ts";
import type { DestinationSettings, DeviceSettings } from "./settings.ts";
import type { Verdict } from "./verdict.ts";

const EIO = -5;
const EINVAL = -22;

/**
 * The switchover acknowledgement (vfio.md §9): the destination lets the source switch over once each device that needs
 * it has its initial data. QEMU counts devices, it does not tell them apart.
 */
export class SwitchoverAck {
  readonly #settings: DestinationSettings;
  readonly #answer: (answer: ReturnPathAnswer) => void;
  #pending = 0;
  #sent = false;

  /** Nothing was acknowledged. */
  constructor(settings: DestinationSettings, answer: (answer: ReturnPathAnswer) => void) {
    this.#settings = settings;
    this.#answer = answer;
  }

  /** A device that is loaded; it has to agree if its driver gives state while the guest runs. */
  deviceSetUp({ precopy }: DeviceSettings): void {
    if (this.#settings.switchoverAck && precopy) this.#pending++;
  }

  /** OPEN_RETURN_PATH came. QEMU has counted the devices by then; without one it agrees at once. */
  returnPathOpened(): void {
    // Devices announce themselves after this command in the stream, so the destination's own list decides.
    if (this.#settings.switchoverAck && !this.#settings.needsAck) this.#send();
  }

  /** INIT_DATA_SENT came for a device. Returns what is wrong with it. */
  initDataSent({ name, precopy }: DeviceSettings, returnPath: boolean): Verdict | undefined {
    const error = (code: string, reason: string, text: string): Verdict => ({
      kind: "error",
      code,
      reason,
      qemu: `${name}: ${text}`,
    });
    if (!this.#settings.switchoverAck || !precopy) {
      return error(
        "switchover-ack",
        "INIT_DATA_SENT, but the destination does not use switchover-ack",
        "Received INIT_DATA_SENT but switchover ack is not used",
      );
    }
    if (this.#settings.profile.repeatedInitData) {
      if (!returnPath) return error("no-return-path", "no return path to agree on", approveFailed(EIO));
      this.#answer({ message: "SWITCHOVER_ACK" });
      return undefined;
    }
    if (this.#pending === 0) {
      return error("switchover-ack", "INIT_DATA_SENT more often than devices wait for it", approveFailed(EINVAL));
    }
    this.#pending--;
    if (this.#pending > 0) return undefined;
    if (!returnPath) return error("no-return-path", "no return path to agree on", approveFailed(EIO));
    this.#send();
    return undefined;
  }

  #send(): void {
    if (this.#sent) return;
    this.#sent = true;
    this.#answer({ message: "SWITCHOVER_ACK" });
  }
}

function approveFailed(errno: number): string {
  const text = errno === EIO ? "Input/output error" : "Invalid argument";
  return `qemu_loadvm_approve_switchover failed, err=${errno} (${text})`;
}
