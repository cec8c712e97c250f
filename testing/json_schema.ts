/** What tests of the JSON that commands print have in common. @module */

import { assert } from "@std/assert";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

/** Compiles a schema; what is not of the standard is an error. */
export function compile(schema: object): ValidateFunction {
  return new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
}

/** As {@linkcode compile}, with no room for fields that the schema does not name: model and schema cannot drift apart. */
export function compileClosed(schema: object): ValidateFunction {
  return compile(closed(schema) as object);
}

function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== "object" || part === null) return part;
  const parts = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value)]));
  return "properties" in part && !("additionalProperties" in part) ? { ...parts, additionalProperties: false } : parts;
}

/** Throws `AssertionError`, which calls the document `name`, if it is not of the shape. */
export function assertFits(validate: ValidateFunction, json: unknown, name: string): void {
  assert(validate(json), `${name}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
}
