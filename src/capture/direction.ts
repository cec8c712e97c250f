/** Who sends: `s2d` is source to destination, `d2s` destination to source. */
export type Direction = "s2d" | "d2s";
