import { connectWithin } from "./connect_within.ts";
import type { Course } from "./course.ts";
import { EmitError } from "./emit_error.ts";
import type { Link } from "./link.ts";
import { reasonOf } from "./waits.ts";
import { writeLink } from "./writer.ts";

/**
 * Opens one connection after the other, each with its first bytes at once, since a silent one blocks QEMU
 * (destination-engine.md C.1), and sends what is planned for them. Never rejects: what goes wrong ends the course.
 *
 * @param opened Is told of each connection as soon as it is open.
 */
export async function sendAll(course: Course, opened: (link: Link) => void): Promise<void> {
  const writers: Promise<void>[] = [];
  try {
    for (const [index, link] of course.links.entries()) {
      if (!await open(course, link, () => Promise.all(writers))) break;
      course.progress.addOpened(index);
      course.touch();
      opened(link);
      writers.push(writeLink(course, link, index));
      course.options.notice?.({ kind: "opened", label: link.planned.label });
    }
  } catch (error) {
    course.fail(error);
  }
  await Promise.all(writers);
}

/** Opens a connection, when its time has come; false if it was stopped before. */
async function open(course: Course, link: Link, sent: () => Promise<unknown>): Promise<boolean> {
  const { target, clock, limits: { connectMs }, signal } = course;
  const { after, steps: [first] } = link.planned;
  if (after.some(({ kind }) => kind === "recovery")) {
    link.waiting = "the target to listen again for a recovery";
    // The connections before it break off first.
    await sent();
    if (!signal.aborted) await recover(course);
  }
  if (!await course.reached(link, after)) return false;
  // While it is open it must not be silent.
  if (first !== undefined) await course.permitted(link, first);
  if (signal.aborted) return false;
  link.waiting = "the connection";
  const socket = await connectWithin(target, { clock, connectMs, signal });
  if (socket === undefined) return false;
  if (signal.aborted) {
    socket.close();
    return false;
  }
  link.open(socket);
  return true;
}

/** The target has to listen again before a recovery connection is opened. */
async function recover(course: Course): Promise<void> {
  const { options: { recover }, target, progress, signal } = course;
  if (!target.answers) return progress.addRecovery();
  if (recover === undefined) {
    const message = "Cannot go on where postcopy was interrupted: the target has to be told to listen again";
    throw new EmitError("no-monitor", message, "give its monitor with --qmp");
  }
  try {
    await course.rest(recover());
  } catch (error) {
    throw new EmitError("closed", `Cannot recover: ${reasonOf(error)}`, "", { cause: error });
  }
  if (!signal.aborted) progress.addRecovery();
}
