import type { AwaitedMessage, Mark, Stretch } from "./stretch.ts";

/** How many stretches of a main or recovery channel bring the destination into postcopy; 0 if they never do. */
export function stretchesToPostcopy(stretches: readonly Stretch[]): number {
  const resumed = stretches.findIndex(({ marks }) => marks.some(isResumeAck));
  return resumed < 0 ? stretches.findIndex(({ marks }) => marks.some(isPackage)) + 1 : resumed;
}

/** How many messages of a kind stretches wait for. */
export function awaitedMessages(stretches: readonly Stretch[], message: AwaitedMessage): number {
  return stretches.flatMap(({ marks }) => marks)
    .reduce((sum, mark) => mark.kind === "await" && mark.message === message ? sum + mark.count : sum, 0);
}

function isPackage({ kind }: Mark): boolean {
  return kind === "package";
}

function isResumeAck(mark: Mark): boolean {
  return mark.kind === "await" && mark.message === "resume-ack";
}
