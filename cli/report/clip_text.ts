/** Text of at most `length` characters; `…` stands for what is left out. */
export function clipText(text: string, length: number): string {
  if (text.length <= length) return text;
  // Not between the halves of a character.
  const cut = text.slice(0, length - 1);
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}
