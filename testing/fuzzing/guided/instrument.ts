/** Makes code count which edges it takes. @module */

import { parse } from "acorn";
import { full } from "acorn-walk";
import MagicString from "magic-string";
import { Random } from "../random.ts";
import { EDGES, HOOKS } from "./counters.ts";

/** Instrumented code, and what is in it. */
export interface Instrumented {
  /** The code. */
  readonly text: string;
  /** Blocks that are counted. */
  readonly blocks: number;
  /** Numbers and texts that stand in it: what a format's bytes are compared with. */
  readonly literals: readonly (string | number | bigint)[];
}

/** A node of the syntax tree, so far as it is looked at. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** The runtime makes as much for these as it is told. */
const MAKES = /^(Array|ArrayBuffer|DataView|(Big)?(Int|Uint|Float)(8|16|32|64)(Clamped)?Array)$/;

/** Before instrumented code. */
const PRELUDE = `const { enter: __e, same: __q, made: __n } = globalThis.${HOOKS};\n`;

/**
 * Instruments a module: each block counts, `===` tells what was unequal, and `new` of a buffer its size.
 *
 * @param code The module.
 * @param wanted Whether a place in it is of interest; all of it if absent.
 */
export function instrument(code: string, wanted: (offset: number) => boolean = () => true): Instrumented {
  const text = new MagicString(code);
  const literals = new Set<string | number | bigint>();
  const random = new Random(0xed9e);
  let blocks = 0;
  const call = (): string => {
    blocks++;
    return `__e(${random.below(EDGES)})`;
  };
  const expression = ({ start, end }: Node): void => {
    text.prependRight(start, `(${call()}, `);
    text.appendLeft(end, ")");
  };
  const statement = ({ type, start, end }: Node): void => {
    if (type === "BlockStatement") text.appendRight(start + 1, `${call()};`);
    else {
      text.prependRight(start, `{${call()};`);
      text.appendLeft(end, "}");
    }
  };
  const tree = parse(code, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true });
  full(tree, (found) => {
    const node = found as unknown as Node;
    if (!wanted(node.start)) return;
    const child = (name: string): Node | undefined => (node[name] ?? undefined) as Node | undefined;
    const [body, consequent, alternate, right] = ["body", "consequent", "alternate", "right"].map(child);
    switch (node.type) {
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        if (body?.type === "BlockStatement") statement(body);
        else if (body !== undefined) expression(body);
        break;
      case "IfStatement":
        if (consequent !== undefined) statement(consequent);
        if (alternate !== undefined) statement(alternate);
        else text.appendLeft(node.end, ` else ${call()};`);
        break;
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement":
      case "WhileStatement":
      case "DoWhileStatement":
      case "CatchClause":
        if (body !== undefined) statement(body);
        break;
      case "SwitchCase": {
        const [first] = node["consequent"] as readonly Node[];
        if (first !== undefined) text.prependRight(first.start, `${call()};`);
        break;
      }
      case "ConditionalExpression":
        if (consequent !== undefined) expression(consequent);
        if (alternate !== undefined) expression(alternate);
        break;
      case "LogicalExpression":
        if (right !== undefined) expression(right);
        break;
      case "BinaryExpression":
        comparison(text, node);
        break;
      case "NewExpression": {
        const callee = child("callee");
        if (callee?.type !== "Identifier" || !MAKES.test(callee["name"] as string)) break;
        text.prependRight(node.start, "__n(");
        text.appendLeft(node.end, ")");
        break;
      }
      case "Literal": {
        const { value } = node;
        if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") literals.add(value);
      }
    }
  });
  text.prepend(PRELUDE);
  return { text: text.toString(), blocks, literals: [...literals] };
}

/** Lets `===` and `!==` tell what they compare, unless one side can hardly come from the input. */
function comparison(text: MagicString, node: Node): void {
  const { operator, start, end } = node;
  if (operator !== "===" && operator !== "!==") return;
  const [left, right] = [node["left"], node["right"]] as [Node, Node];
  if (isPlain(left) || isPlain(right)) return;
  const at = text.original.indexOf(operator, left.end);
  if (at < 0 || at >= right.start) return;
  text.overwrite(at, at + operator.length, ",");
  text.prependRight(start, operator === "===" ? "__q(" : "!__q(");
  text.appendLeft(end, ")");
}

function isPlain({ type, value, name }: Node): boolean {
  if (type === "Literal") return value === null || typeof value === "boolean" || value === 0;
  return type === "UnaryExpression" || (type === "Identifier" && name === "undefined");
}
