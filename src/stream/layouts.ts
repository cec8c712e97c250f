import type { Struct } from "../wire/mod.ts";

/** For each record kind the structure that its bytes before the payload are written with. */
export type Layouts = { readonly [kind: string]: Pick<Struct<never>, "name" | "encode" | "annotate"> };
