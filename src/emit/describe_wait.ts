import type { EmitPlan, Precondition } from "./plan.ts";
import type { AwaitedMessage } from "./stretch.ts";

const MESSAGES: { readonly [message in AwaitedMessage]: string } = {
  "pong": "PONG from the target",
  "switchover-ack": "SWITCHOVER_ACK from the target",
  "recv-bitmap": "RECV_BITMAP from the target",
  "resume-ack": "RESUME_ACK from the target",
};

/** What is waited for, for people. */
export function describeWait(precondition: Precondition, { connections }: EmitPlan): string {
  switch (precondition.kind) {
    case "sent": {
      const connection = connections[precondition.connection];
      const step = connection?.steps[precondition.steps - 1];
      return `${connection?.label ?? "?"} to send ${step?.name ?? "all"}`;
    }
    case "opened":
      return `the connection ${connections[precondition.connection]?.label ?? "?"}`;
    case "message":
      return precondition.count === 1
        ? MESSAGES[precondition.message]
        : `${MESSAGES[precondition.message]}, ${precondition.count} times`;
    case "recovery":
      return "the target to listen again for a recovery";
  }
}
