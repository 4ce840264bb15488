import { type OutputUnit, Validator } from "@cfworker/json-schema";
import { closestMatch } from "leven";
import type { FieldError } from "./problem.ts";
import type { JsonSchema } from "./route.ts";

const validators = new WeakMap<JsonSchema, Validator>();

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

function fieldError(
  { instanceLocation, keyword, error }: OutputUnit,
  schema: JsonSchema,
): FieldError {
  const pointer = instanceLocation.slice(1);
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

/** For members of the outermost object: these are what people type. */
function unknownHint(pointer: string, { properties }: JsonSchema): string {
  const [, name = "", ...deeper] = pointer.split("/");
  return deeper.length > 0 ? "" : nearestHint(name, Object.keys(Object(properties)));
}
