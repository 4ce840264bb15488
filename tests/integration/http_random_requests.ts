import type { JsonSchema } from "../../src/gateway/route.ts";
import type { Random } from "../support/mod.ts";

type Content = Readonly<
  Record<string, { readonly schema?: JsonSchema; readonly example?: unknown }>
>;

/** An operation as the description has it, with what a client needs of it. */
export interface DescribedOperation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: "query" | "header" | "path";
    readonly schema: JsonSchema;
    readonly example?: unknown;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** All operations of a description. */
export function operationsOf({ paths }: Description): DescribedOperation[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    }))
  );
}

export interface RandomRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | undefined;
}

/** Texts that programs stumble over. */
const ODD_TEXTS = [
  "",
  "0",
  "-1",
  "%",
  "\u0000",
  "a/b",
  "..",
  "ä€😀",
  "null",
  "[]",
  "x".repeat(600),
  "1e9",
];

/** How long a call waits: what is random elsewhere is short here. */
const TIMES = new Set(["timeout", "wait"]);

/** Makes requests as a client would from the description alone, and now and then wrong ones. */
export class RandomRequests {
  readonly #random: Random;
  readonly #schemas: Readonly<Record<string, JsonSchema>>;
  /** Functions and handles that occur: most requests should meet something. */
  readonly names: string[] = ["f", "img_1", "f/ä"];

  constructor(random: Random, description: Description) {
    this.#random = random;
    this.#schemas = description.components.schemas;
  }

  make(operation: DescribedOperation): RandomRequest {
    const random = this.#random;
    const query: string[] = [];
    const headers: Record<string, string> = {};
    let { path } = operation;
    for (const { name, in: place, schema, example } of operation.parameters ?? []) {
      const text = TIMES.has(name) ? "1" : this.#text(schema, example);
      if (place === "path") {
        // Clients take `..` out of an address themselves, and nothing is another address.
        const isOther = text === "" || text === "..";
        const value = isOther || random.chance(0.8) ? random.pick(this.names) : text;
        path = path.replace(`{${name}}`, encodeURIComponent(value));
      } else if (random.chance(place === "query" ? 0.2 : 0.1)) {
        if (place === "query") query.push(`${name}=${encodeURIComponent(text)}`);
        else headers[name] = text.replace(/[^\x20-\x7e]/g, "?");
      }
    }
    if (random.chance(0.03)) query.push("odd=1");
    const body = this.#body(operation, headers);
    return {
      method: operation.method,
      path: query.length === 0 ? path : `${path}?${query.join("&")}`,
      headers,
      body,
    };
  }

  #body(
    { requestBody }: DescribedOperation,
    headers: Record<string, string>,
  ): string | Uint8Array | undefined {
    const random = this.#random;
    const contents = Object.entries(requestBody?.content ?? {});
    if (contents.length === 0 || random.chance(0.1)) return undefined;
    const [mediaType, { schema, example }] = random.pick(contents);
    headers["content-type"] = mediaType.includes("*") ? "application/octet-stream" : mediaType;
    if (random.chance(0.05)) return "{";
    if (schema === undefined) return random.bytes(random.below(200));
    const value = this.#value(schema, example, 0);
    return mediaType.endsWith("ndjson") ? `${JSON.stringify(value)}\n` : JSON.stringify(value);
  }

  #text(schema: JsonSchema, example: unknown): string {
    const value = this.#value(schema, example, 0);
    return typeof value === "string" ? value : JSON.stringify(value);
  }

  #value(given: JsonSchema, example: unknown, depth: number): unknown {
    const random = this.#random;
    if (random.chance(0.05)) return random.pick<unknown>([...ODD_TEXTS, null, 7, true, {}, [[]]]);
    if (example !== undefined && random.chance(0.5)) return example;
    const schema = this.#resolved(given);
    const choices = (schema["oneOf"] ?? schema["anyOf"]) as readonly JsonSchema[] | undefined;
    if (choices !== undefined) return this.#value(random.pick(choices), undefined, depth);
    if (Array.isArray(schema["enum"])) return random.pick(schema["enum"]) as unknown;
    const { type } = schema;
    switch (Array.isArray(type) ? random.pick(type) as string : type) {
      case "boolean":
        return random.chance(0.5);
      case "integer":
      case "number":
        return random.between(Number(schema["minimum"] ?? -2), Number(schema["minimum"] ?? 0) + 5);
      case "null":
        return null;
      case "array":
        return Array.from(
          { length: depth > 3 ? 0 : random.below(4) },
          () => this.#value(Object(schema["items"]) as JsonSchema, undefined, depth + 1),
        );
      case "object":
        return this.#object(schema, depth);
      default:
        return random.pick([
          ...this.names,
          ...ODD_TEXTS,
          "5s",
          "2030-01-01T00:00:00Z",
          "* * * * *",
        ]);
    }
  }

  #object(schema: JsonSchema, depth: number): Record<string, unknown> {
    const required = (schema["required"] ?? []) as readonly string[];
    const properties = Object.entries(Object(schema["properties"]) as Record<string, JsonSchema>)
      .filter(([name]) => this.#random.chance(required.includes(name) ? 0.95 : 0.3));
    return Object.fromEntries(
      properties.map(([name, inner]) => [
        name,
        TIMES.has(name) ? 1 : this.#value(inner, undefined, depth + 1),
      ]),
    );
  }

  #resolved(schema: JsonSchema): JsonSchema {
    const { $ref } = schema;
    return typeof $ref === "string" ? this.#schemas[$ref.split("/").at(-1)!] ?? {} : schema;
  }
}
