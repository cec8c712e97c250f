/** Programs that tests start. @module */

/**
 * The arguments with which Deno runs a program that is given as text. Unlike with `deno eval`, what it runs counts as
 * covered.
 */
export function programArgs(source: string): string[] {
  const config = decodeURIComponent(new URL("../deno.json", import.meta.url).pathname);
  return ["run", "-A", "--quiet", "--config", config, `data:application/javascript,${encodeURIComponent(source)}`];
}
