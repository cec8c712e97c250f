/**
 * What is changed in a mutant.
 *
 * - `arithmetic`: `+` ↔ `-`, `*` ↔ `/`, `%` → `*`, `**` → `*`; not where texts are joined.
 * - `comparison`: `<`, `<=`, `>`, `>=`, each to the one with the other boundary and to its opposite; `===` ↔ `!==`.
 * - `logical`: `&&` ↔ `||`, `??` → `&&`.
 * - `bitwise`: `&` ↔ `|`, `^` → `&`.
 * - `shift`: `<<` ↔ `>>`, `>>>` → `<<`.
 * - `assignment`: `+=` ↔ `-=`, `*=` ↔ `/=`, `%=` → `*=`, `&=` ↔ `|=`, `^=` → `&=`, `<<=` ↔ `>>=`, `>>>=` → `<<=`,
 *   `&&=` ↔ `||=`, `??=` → `&&=`.
 * - `unary`: `-x`, `!x` and `~x` → `x`, `+x` → `-x`.
 * - `update`: `++` ↔ `--`.
 * - `boolean`: `true` ↔ `false`.
 * - `condition`: that of `if` and of `? :` becomes `true` or `false`, that of a loop `false`.
 * - `number`: one that an operator works on, one more or one less.
 *
 * `?.`, `in`, `instanceof`, `typeof` and plain `=` stay as they are, and so does whatever is only a type.
 *
 * @module
 */

/** A kind of change. */
export type Operator =
  | "arithmetic"
  | "comparison"
  | "logical"
  | "bitwise"
  | "shift"
  | "assignment"
  | "unary"
  | "update"
  | "boolean"
  | "condition"
  | "number";

/** What stands between two operands, and what may stand there instead. */
export const BINARY: ReadonlyMap<string, readonly [Operator, ...string[]]> = new Map([
  ["+", ["arithmetic", "-"]],
  ["-", ["arithmetic", "+"]],
  ["*", ["arithmetic", "/"]],
  ["/", ["arithmetic", "*"]],
  ["%", ["arithmetic", "*"]],
  ["**", ["arithmetic", "*"]],
  ["<", ["comparison", "<=", ">="]],
  ["<=", ["comparison", "<", ">"]],
  [">", ["comparison", ">=", "<="]],
  [">=", ["comparison", ">", "<"]],
  ["===", ["comparison", "!=="]],
  ["!==", ["comparison", "==="]],
  ["==", ["comparison", "!="]],
  ["!=", ["comparison", "=="]],
  ["&&", ["logical", "||"]],
  ["||", ["logical", "&&"]],
  ["??", ["logical", "&&"]],
  ["&", ["bitwise", "|"]],
  ["|", ["bitwise", "&"]],
  ["^", ["bitwise", "&"]],
  ["<<", ["shift", ">>"]],
  [">>", ["shift", "<<"]],
  [">>>", ["shift", "<<"]],
  ["+=", ["assignment", "-="]],
  ["-=", ["assignment", "+="]],
  ["*=", ["assignment", "/="]],
  ["/=", ["assignment", "*="]],
  ["%=", ["assignment", "*="]],
  ["&=", ["assignment", "|="]],
  ["|=", ["assignment", "&="]],
  ["^=", ["assignment", "&="]],
  ["<<=", ["assignment", ">>="]],
  [">>=", ["assignment", "<<="]],
  [">>>=", ["assignment", "<<="]],
  ["&&=", ["assignment", "||="]],
  ["||=", ["assignment", "&&="]],
  ["??=", ["assignment", "&&="]],
]);

/** What stands in front of one operand, and what may stand there instead. */
export const UNARY: ReadonlyMap<string, string> = new Map([["-", ""], ["!", ""], ["~", ""], ["+", "-"]]);
