import { type OutputUnit, Validator } from "@cfworker/json-schema";
import { closestMatch } from "leven";
import type { FieldError } from "./problem.ts";

/**
 * A JSON Schema (2020-12), as OpenAPI 3.1 uses it. One with a `title` in one word (`Job`) becomes a named
 * component of the OpenAPI description, wherever it stands.
 */
export type JsonSchema = { readonly [keyword: string]: unknown };

const validators = new WeakMap<JsonSchema, Validator>();

/**
 * In a schema: what a value must be, in words that follow "must be". Said in place of what the validator
 * says of the schema's keywords, of which a pattern tells a reader nothing.
 */
export const EXPECTED = "x-expected";

/** Most errors that one answer names. */
const MOST_ERRORS = 20;

/** What is wrong with a value by this schema (2020-12); empty when nothing is. */
export function schemaErrors(schema: JsonSchema, value: unknown): readonly FieldError[] {
  let validator = validators.get(schema);
  if (validator === undefined) {
    validator = new Validator(schema, "2020-12", false);
    validators.set(schema, validator);
  }
  const { valid, errors } = validator.validate(value);
  if (valid) return [];
  return causes(errors).slice(0, MOST_ERRORS).map((unit) => fieldError(unit, schema));
}

/** The name among `known` that was probably meant, as a hint behind a message; else nothing. */
export function nearestHint(name: string, known: readonly string[]): string {
  const near = closestMatch(name.toLowerCase(), [...known], {
    maxDistance: Math.min(3, Math.max(1, Math.floor(name.length / 3))),
  });
  return near === undefined ? "" : ` (did you mean "${near}"?)`;
}

/** The validator names every schema on the way to what is wrong; only the last ones tell a reader anything. */
function causes(errors: readonly OutputUnit[]): OutputUnit[] {
  return errors.filter(({ keywordLocation, instanceLocation, keyword }) => {
    if (keyword === "oneOf" || keyword === "anyOf") return true;
    if (keyword === "additionalProperties") {
      return !errors.some((other) => other.instanceLocation.startsWith(`${instanceLocation}/`));
    }
    return !errors.some((other) => other.keywordLocation.startsWith(`${keywordLocation}/`));
  });
}

/** What the limits of these keywords mean. */
const LIMITS: Readonly<Record<string, (limit: unknown) => string>> = {
  minimum: (least) => `must be at least ${least}`,
  maximum: (most) => `must be at most ${most}`,
  minLength: (least) =>
    least === 1 ? "must not be empty" : `must have at least ${least} characters`,
  maxLength: (most) => `must have at most ${most} characters`,
};

function fieldError(
  { instanceLocation, keywordLocation, keyword, error }: OutputUnit,
  schema: JsonSchema,
): FieldError {
  const pointer = instanceLocation.slice(1);
  const violated = schemaWith(keywordLocation, schema);
  const expected = violated[EXPECTED];
  if (typeof expected === "string") return { pointer, detail: `must be ${expected}` };
  const limit = LIMITS[keyword];
  if (limit !== undefined) return { pointer, detail: limit(violated[keyword]) };
  const quoted = [...error.matchAll(/"([^"]*)"/g)].map(([, text]) => text!);
  switch (keyword) {
    case "required":
      return { pointer: `${pointer}/${quoted[0] ?? ""}`, detail: "is required" };
    case "false":
      return { pointer, detail: `is not known${unknownHint(pointer, schema)}` };
    case "type":
      // The first quoted word is the type that it has.
      return { pointer, detail: `must be of the type ${quoted.slice(1).join(" or ")}` };
    case "enum":
      return { pointer, detail: `must be one of ${quoted.join(", ")}` };
    default:
      return { pointer, detail: `${error.charAt(0).toLowerCase()}${error.slice(1, -1)}` };
  }
}

/** The part of a schema that has the keyword at this location (`#/properties/limit/maximum`). */
function schemaWith(keywordLocation: string, schema: JsonSchema): JsonSchema {
  let part: unknown = schema;
  for (const step of keywordLocation.split("/").slice(1, -1)) {
    part = (Object(part) as JsonSchema)[step.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return Object(part) as JsonSchema;
}

/** For members of the outermost object: these are what people type. */
function unknownHint(pointer: string, { properties }: JsonSchema): string {
  const [, name = "", ...deeper] = pointer.split("/");
  return deeper.length > 0 ? "" : nearestHint(name, Object.keys(Object(properties)));
}
