/** Ports below those that systems give out by themselves, so that the ones chosen here are not taken meanwhile. */
const [FIRST, LAST] = [20_000, 32_000] as const;
const ATTEMPTS = 100;

/**
 * The first of `count` ports of 127.0.0.1, one after the other, on which nobody listens.
 *
 * @throws If there are none.
 */
export function freePorts(count: number): number {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const first = FIRST + Math.floor(Math.random() * (LAST - FIRST - count));
    if (Array.from({ length: count }, (_, i) => first + i).every(isFree)) return first;
  }
  throw new Error(`Cannot find ${count} free ports between ${FIRST} and ${LAST}`);
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
