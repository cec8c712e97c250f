import type { Course } from "./course.ts";
import type { Link } from "./link.ts";
import { type PacedBytes, UNPACED } from "./pace.ts";
import { PieceBuffer } from "./piece_buffer.ts";
import type { EmitStep } from "./plan.ts";
import { sleep } from "./waits.ts";

/** A destination reads a preempt channel at once, unless its machine is very busy. */
const PREEMPT_MS = 250;

/**
 * Sends what is planned for one connection, each step when all that must precede it is done. Never rejects: what goes
 * wrong ends the course.
 */
export async function writeLink(course: Course, link: Link, index: number): Promise<void> {
  const pieces = new PieceBuffer((course.options.pace ?? UNPACED).chunk);
  try {
    for (const [number, step] of link.planned.steps.entries()) {
      if (!await course.reached(link, step.after)) return;
      // The first one was asked about before the connection was opened.
      if (number > 0) await course.permitted(link, step);
      if (step.phase === "end") await letPreemptsBeRead(course);
      if (!await writeStep(course, link, step, pieces)) return;
      course.progress.addSent(index);
    }
    link.waiting = undefined;
    if (link.planned.ending === "interrupt") await interrupt(course, link);
    if (link.planned.ending === "end") await end(course, link);
  } catch (error) {
    course.fail(error);
  }
}

/**
 * Lets a destination take urgent pages that are sent. At the end of the main channel it takes no more of them, but for those
 * that its own guest has asked for, and nothing tells that it has them.
 */
async function letPreemptsBeRead(course: Course): Promise<void> {
  const { plan, target, clock, signal } = course;
  const hasPreempt = plan.connections.some(({ role }) => role === "preempt");
  if (hasPreempt && target.answers) await course.rest(sleep(clock, PREEMPT_MS, signal));
}

/** Breaks the connection off, when the target bears it. */
async function interrupt(course: Course, link: Link): Promise<void> {
  const { options: { interruptible }, signal } = course;
  if (interruptible !== undefined) await course.rest(interruptible());
  if (!signal.aborted) await link.end();
}

/** Ends the connection, when its time has come. */
async function end(course: Course, link: Link): Promise<void> {
  const { clock, signal } = course;
  const wait = waitOf(course, { count: 0, connection: link.planned.recorded ?? 0, end: Infinity });
  if (wait > 0) {
    link.waiting = "the time for its end";
    await course.rest(sleep(clock, wait, signal));
    link.waiting = undefined;
  }
  if (!signal.aborted) await link.end();
}

/** False if it was stopped. */
async function writeStep(course: Course, link: Link, step: EmitStep, pieces: PieceBuffer): Promise<boolean> {
  const { signal, options, clock } = course;
  const { name, phase } = step;
  if (signal.aborted) return false;
  if (phase !== undefined) options.notice?.({ kind: "phase", phase, name });
  for (const { bytes, ...place } of pieces.fill(step.items)) {
    const wait = waitOf(course, { count: bytes.length, ...place });
    if (wait > 0) {
      link.waiting = `the time for ${name}`;
      await course.rest(sleep(clock, wait, signal));
    }
    if (signal.aborted) return false;
    link.waiting = `the target to take ${name}`;
    await link.write(bytes, () => {
      course.lastSent = clock.now();
      course.touch();
    });
  }
  return !signal.aborted;
}

/** How long it is until bytes are due, milliseconds. */
function waitOf({ options: { pace = UNPACED }, clock, begin }: Course, bytes: PacedBytes): number {
  const now = clock.now() - begin;
  return pace.due(bytes, now) - now;
}
