import { type ByteString, byteStringFromText, textOf } from "../protocol/mod.ts";
import { percentDecode } from "./byte_text.ts";
import { MAX_FUNCTION_BYTES } from "./function_name.ts";
import { nearestHint, schemaErrors } from "./json_schema.ts";
import { type FieldError, Problem } from "./problem.ts";
import { parseQuery } from "./query.ts";
import type { JsonSchema, Parameter, Route } from "./route.ts";

/** Longest path parameter, bytes: handles are shorter than function names. */
const MAX_SEGMENT_BYTES = MAX_FUNCTION_BYTES;

const NO_VALUES: ReadonlyMap<string, ByteString> = new Map();

/** The value of a parameter, as it came and by its schema's type. */
export interface ParameterValue {
  readonly bytes: ByteString;
  readonly value: string | number | boolean;
}

export type ParameterValues = ReadonlyMap<string, ParameterValue>;

/** A route's parameters, made ready once. */
export class ParameterTable {
  readonly #names: ReadonlySet<string>;
  readonly #query = new Map<string, Parameter>();
  readonly #headers = new Map<string, Parameter>();
  readonly #path: readonly { readonly at: number; readonly name: string }[];
  readonly #required: readonly Parameter[];
  readonly #takesAnything: boolean;
  /** The path read last: the check of roles and the handler read the same one, and so do most callers. */
  #lastPath: { readonly raw: string; readonly values: ReadonlyMap<string, ByteString> } | undefined;

  constructor(route: Route) {
    this.#names = new Set(route.parameters.map(({ name }) => name));
    for (const parameter of route.parameters) {
      if (parameter.in === "query") this.#query.set(parameter.name, parameter);
      if (parameter.in === "header") this.#headers.set(parameter.name.toLowerCase(), parameter);
      for (const header of parameter.headers ?? []) {
        this.#headers.set(header.toLowerCase(), parameter);
      }
    }
    this.#path = route.path.split("/").flatMap((segment, at) =>
      segment.startsWith("{") ? [{ at, name: segment.slice(1, -1) }] : []
    );
    this.#required = route.parameters.filter(({ required, in: place }) =>
      required === true && place !== "path"
    );
    this.#takesAnything = route.hidden === true;
  }

  /** Whether the route has a parameter of this name. */
  declares(name: string): boolean {
    return this.#names.has(name);
  }

  /** Path parameters, decoded once. Throws `invalid-request`. */
  path(rawPath: string): ReadonlyMap<string, ByteString> {
    if (this.#path.length === 0) return NO_VALUES;
    if (this.#lastPath?.raw === rawPath) return this.#lastPath.values;
    const values = new Map<string, ByteString>();
    const segments = rawPath.split("/");
    for (const { at, name } of this.#path) values.set(name, decodedSegment(name, segments[at]!));
    this.#lastPath = { raw: rawPath, values };
    return values;
  }

  /**
   * Parameters of the query and their headers, each checked against its schema. Throws `invalid-request`
   * with all that is wrong.
   */
  values(search: string, headers: Headers): ParameterValues {
    const values = new Map<string, ParameterValue>();
    const errors: FieldError[] = [];
    const take = (parameter: Parameter, bytes: ByteString, where: string) => {
      const known = values.get(parameter.name);
      if (known !== undefined) {
        if (known.bytes !== bytes) errors.push(contradiction(parameter, where));
        return;
      }
      const value = typedValue(parameter.schema, bytes);
      values.set(parameter.name, { bytes, value: value ?? "" });
      errors.push(...valueErrors(parameter, value));
    };
    if (search !== "") this.#takeQuery(search, take, errors);
    if (this.#headers.size > 0) {
      headers.forEach((value, header) => {
        const parameter = this.#headers.get(header);
        if (parameter !== undefined) take(parameter, asBytes(value), header);
      });
    }
    for (const { name } of this.#required) {
      if (!values.has(name)) errors.push({ pointer: name, detail: "is required" });
    }
    if (errors.length > 0) throw invalidParameters(errors);
    return values;
  }

  #takeQuery(
    search: string,
    take: (parameter: Parameter, bytes: ByteString, where: string) => void,
    errors: FieldError[],
  ): void {
    for (const [name, bytes] of parseQuery(search)) {
      const parameter = this.#query.get(name);
      if (parameter !== undefined) take(parameter, bytes, "query");
      else if (!this.#takesAnything) errors.push(this.#unknown(name));
    }
  }

  #unknown(name: ByteString): FieldError {
    const hint = nearestHint(name, [...this.#query.keys()]);
    return { pointer: textOf(name), detail: `is no parameter of this operation${hint}` };
  }
}

function decodedSegment(name: string, segment: string): ByteString {
  const bytes = percentDecode(segment);
  const wrong = bytes === undefined
    ? "is not percent-encoded rightly: a % must be %25"
    : bytes === ""
    ? "is empty"
    : bytes.length > MAX_SEGMENT_BYTES
    ? `is longer than ${MAX_SEGMENT_BYTES} bytes`
    : bytes.includes("\0")
    ? "holds a NUL byte"
    : undefined;
  if (wrong === undefined) return asBytes(bytes!);
  throw new Problem("invalid-request", `The ${name} in the path ${wrong}`, {
    errors: [{ pointer: name, detail: wrong }],
  });
}

function invalidParameters(errors: readonly FieldError[]): Problem {
  const [{ pointer, detail }] = errors as [FieldError];
  const more = errors.length === 1 ? "" : ` (and ${errors.length - 1} more)`;
  return new Problem("invalid-request", `The parameter "${pointer}" ${detail}${more}`, { errors });
}

function contradiction({ name }: Parameter, where: string): FieldError {
  return { pointer: name, detail: `was given with two values; the second in ${where}` };
}

/** Undefined when the text is not of the schema's type. */
function typedValue(
  { type }: JsonSchema,
  bytes: ByteString,
): string | number | boolean | undefined {
  if (type === "integer") return /^[+-]?[0-9]{1,15}$/.test(bytes) ? Number(bytes) : undefined;
  if (type === "number") {
    return /^[+-]?[0-9]{1,15}(\.[0-9]{1,15})?$/.test(bytes) ? Number(bytes) : undefined;
  }
  if (type !== "boolean") return textOf(bytes);
  if (bytes === "" || bytes === "1" || bytes.toLowerCase() === "true") return true;
  return bytes === "0" || bytes.toLowerCase() === "false" ? false : undefined;
}

const EXPECTED: Readonly<Record<string, string>> = {
  integer: "must be a whole number",
  number: "must be a number",
  boolean: "must be true or false",
};

function valueErrors({ name, schema }: Parameter, value: unknown): FieldError[] {
  if (value === undefined) {
    return [{ pointer: name, detail: EXPECTED[String(schema["type"])] ?? "is not valid" }];
  }
  return schemaErrors(schema, value).map(({ detail }) => ({
    pointer: name,
    detail,
  }));
}

/** Header values and URLs come with one character per byte; anything else is text. */
function asBytes(value: string): ByteString {
  return /[\u0100-\uffff]/.test(value) ? byteStringFromText(value) : value;
}
