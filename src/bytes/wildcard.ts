/**
 * Whether `text` is as `pattern` says, in which `*` stands for any letters, and nothing else for more than it is. Takes as
 * many steps as the lengths multiplied at most: a regular expression with many `.*` could take more than anybody waits for.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  const [first = "", ...parts] = pattern.split("*");
  const last = parts.pop();
  if (last === undefined) return pattern === text;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts) {
    // The earliest place leaves the most for what follows.
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
