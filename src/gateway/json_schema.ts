import { type OutputUnit, Validator } from "@cfworker/json-schema";
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
  return valid ? [] : causes(errors).slice(0, MOST_ERRORS).map(fieldError);
}

/** The validator names every schema on the way to what is wrong; only the last ones tell a reader anything. */
function causes(errors: readonly OutputUnit[]): OutputUnit[] {
  return errors.filter(({ keywordLocation, keyword }) =>
    keyword === "oneOf" || keyword === "anyOf" ||
    !errors.some((other) => other.keywordLocation.startsWith(`${keywordLocation}/`))
  );
}

function fieldError({ instanceLocation, error }: OutputUnit): FieldError {
  return { pointer: instanceLocation.slice(1), detail: error };
}
