/** Finds what can be changed in a module. @module */

import { parse } from "@babel/parser";
import { BINARY, type Operator, UNARY } from "./operators.ts";

/** A change of a text. */
export interface Change {
  /** What is put there. */
  readonly text: string;
  /** The same for a reader, without the parentheses that keep the order of operations. */
  readonly shown: string;
}

/** A place of a module at which something can be changed. */
export interface Place {
  /** What kind of change. */
  readonly operator: Operator;
  /** Line of the operator, from 1. */
  readonly line: number;
  /** Column of the operator, from 1. */
  readonly column: number;
  /** Where the text that is replaced begins, in UTF-16 code units. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
  /** The text as it is. */
  readonly original: string;
  /** What may stand there instead; at least one. */
  readonly changes: readonly Change[];
}

/** A node of the syntax tree, as far as it is looked at here. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

/** Types around an expression, which is looked at. All else that is a type has no operators. */
const AROUND_EXPRESSIONS = new Set([
  "TSAsExpression",
  "TSInstantiationExpression",
  "TSNonNullExpression",
  "TSSatisfiesExpression",
]);

/** What of a node is no part of the program. */
const NOT_CODE = new Set([
  "tokens",
  "comments",
  "leadingComments",
  "innerComments",
  "trailingComments",
  "extra",
  "loc",
]);

/** Whether a text is a module. */
export function parses(text: string): boolean {
  try {
    read(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Finds all places of a module at which an operator can be changed, in the order in which they stand there.
 *
 * @param text TypeScript.
 * @throws {SyntaxError} If it is none.
 */
export function findPlaces(text: string): Place[] {
  return new Finder(text).places.sort((a, b) => a.line - b.line || a.column - b.column);
}

function read(text: string): { program: Node; tokens: readonly Node[] } {
  const file: unknown = parse(text, { sourceType: "module", plugins: ["typescript"], tokens: true });
  return file as { program: Node; tokens: readonly Node[] };
}

/** A walk through one module. */
class Finder {
  readonly places: Place[] = [];
  readonly #text: string;
  readonly #tokens: readonly Node[];

  constructor(text: string) {
    const { program, tokens } = read(text);
    this.#text = text;
    this.#tokens = tokens.filter(({ type }) => type !== "CommentBlock" && type !== "CommentLine");
    this.#walk(program);
  }

  #walk(node: Node): void {
    if (node.type.startsWith("TS")) {
      if (AROUND_EXPRESSIONS.has(node.type)) this.#walk(childOf(node, "expression"));
      return;
    }
    this.#look(node);
    for (const [name, value] of Object.entries(node)) {
      if (NOT_CODE.has(name)) continue;
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) this.#walk(child);
    }
  }

  #look(node: Node): void {
    switch (node.type) {
      case "BinaryExpression":
      case "LogicalExpression":
      case "AssignmentExpression":
        return this.#binary(node);
      case "UnaryExpression":
        return this.#unary(node);
      case "UpdateExpression":
        return this.#update(node);
      case "BooleanLiteral":
        return this.#add("boolean", node.start, node, [plain(this.#of(node) === "true" ? "false" : "true")]);
      case "IfStatement":
      case "ConditionalExpression":
        return this.#condition(node, ["true", "false"]);
      case "WhileStatement":
      case "DoWhileStatement":
      case "ForStatement":
        return this.#condition(node, ["false"]);
    }
  }

  #binary(node: Node): void {
    const rule = BINARY.get(String(node["operator"]));
    if (rule === undefined || joinsText(node)) return;
    const [operator, ...others] = rule;
    const [left, right] = [childOf(node, "left"), childOf(node, "right")];
    const token = this.#token(left.end, String(node["operator"]));
    const before = this.#text.slice(node.start, token.start).trimEnd();
    const after = this.#text.slice(token.end, node.end).trimStart();
    const changes = others.map((other): Change => {
      const shown = `${before} ${other} ${after}`;
      return { shown, text: node.type === "AssignmentExpression" ? shown : `((${before}) ${other} (${after}))` };
    });
    this.#add(operator, token.start, node, changes);
    this.#number(left);
    this.#number(right);
  }

  #unary(node: Node): void {
    const operator = String(node["operator"]);
    const other = UNARY.get(operator);
    if (other === undefined) return;
    const shown = other + this.#text.slice(node.start + operator.length, node.end);
    this.#add("unary", node.start, node, [{ shown, text: `(${shown})` }]);
    this.#number(childOf(node, "argument"));
  }

  #update(node: Node): void {
    const argument = this.#of(childOf(node, "argument"));
    const other = node["operator"] === "++" ? "--" : "++";
    const at = node["prefix"] === true ? node.start : node.end - other.length;
    this.#add("update", at, node, [plain(node["prefix"] === true ? other + argument : argument + other)]);
  }

  #condition(node: Node, values: readonly string[]): void {
    const test = node["test"];
    if (isNode(test) && test.type !== "BooleanLiteral") this.#add("condition", test.start, test, values.map(plain));
  }

  #number(node: Node): void {
    if (node.type !== "NumericLiteral" && node.type !== "BigIntLiteral") return;
    const suffix = node.type === "BigIntLiteral" ? "n" : "";
    const value = BigInt(Math.trunc(Number(node["value"])));
    if (suffix === "" && !Number.isSafeInteger(node["value"])) return;
    const exact = suffix === "" ? value : BigInt(this.#of(node).replaceAll("_", "").slice(0, -1));
    // Less than nothing is an operator more, not another number.
    const others = exact === 0n ? [exact + 1n] : [exact + 1n, exact - 1n];
    this.#add("number", node.start, node, others.map((other) => plain(`${other}${suffix}`)));
  }

  #add(operator: Operator, at: number, { start, end }: Node, changes: readonly Change[]): void {
    const before = this.#text.slice(0, at);
    const line = before.split("\n").length;
    const column = at - before.lastIndexOf("\n");
    this.places.push({ operator, line, column, start, end, original: this.#text.slice(start, end), changes });
  }

  #token(from: number, text: string): Node {
    const token = this.#tokens.find(({ start, end }) => start >= from && this.#text.slice(start, end) === text);
    if (token === undefined) throw new Error(`Cannot find ${text} behind ${from}: the parser gave no such token`);
    return token;
  }

  #of({ start, end }: Node): string {
    return this.#text.slice(start, end);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function childOf(node: Node, name: string): Node {
  const child = node[name];
  if (!isNode(child)) throw new Error(`Cannot read ${node.type}: it has no ${name}`);
  return child;
}

function plain(text: string): Change {
  return { text, shown: text };
}

/** Whether `+` joins texts here: with another operator it is nonsense, which shows nothing about tests. */
function joinsText(node: Node): boolean {
  if (node["operator"] !== "+" && node["operator"] !== "+=") return false;
  return [childOf(node, "left"), childOf(node, "right")].some((operand) =>
    operand.type === "StringLiteral" || operand.type === "TemplateLiteral" ||
    operand.type === "BinaryExpression" && joinsText(operand)
  );
}
