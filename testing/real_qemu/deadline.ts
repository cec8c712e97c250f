/** Nothing in the gate waits for ever. @module */

/**
 * What `promise` gives, if it comes in time.
 *
 * @param what What is waited for, for the message.
 */
export async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${milliseconds / 1000} s for ${what}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks `ask` again and again, until it gives something. */
export async function until<T>(
  milliseconds: number,
  what: string,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited ${milliseconds / 1000} s for ${what}`);
}
