import type { JsonSchema } from "./route.ts";

/** Keywords whose value is data, not schemas. */
const DATA_KEYWORDS = new Set(["const", "enum", "default", "example", "examples", "required"]);

/** A schema's name as a component: its title, if that is one word. */
const COMPONENT_NAME = /^[A-Z][A-Za-z0-9]*$/;

/** Gives schemas that have a name a place of their own, so that the description holds each once. */
export class SchemaComponents {
  readonly #schemas = new Map<string, { readonly source: string; readonly schema: JsonSchema }>();

  /** The schema with all named ones in it, and itself, replaced by references. */
  reference(schema: JsonSchema): JsonSchema {
    const { title } = schema;
    if (typeof title !== "string" || !COMPONENT_NAME.test(title)) return this.#inner(schema);
    const source = JSON.stringify(schema);
    const known = this.#schemas.get(title);
    if (known === undefined) this.#schemas.set(title, { source, schema: this.#inner(schema) });
    else if (known.source !== source) {
      throw new Error(`Cannot describe the operations: two schemas are named ${title}`);
    }
    return { $ref: `#/components/schemas/${title}` };
  }

  /** All that were named, by name. */
  all(): Record<string, JsonSchema> {
    const names = [...this.#schemas.keys()].sort();
    return Object.fromEntries(names.map((name) => [name, this.#schemas.get(name)!.schema]));
  }

  #inner(schema: JsonSchema): JsonSchema {
    return Object.fromEntries(
      Object.entries(schema).map(([keyword, value]) => [
        keyword,
        DATA_KEYWORDS.has(keyword) ? value : this.#value(keyword, value),
      ]),
    );
  }

  #value(keyword: string, value: unknown): unknown {
    if (Array.isArray(value)) {
      return value.map((item) => isObject(item) ? this.reference(item) : item);
    }
    if (!isObject(value)) return value;
    if (keyword !== "properties" && keyword !== "patternProperties" && keyword !== "$defs") {
      return this.reference(value);
    }
    return Object.fromEntries(
      Object.entries(value).map((
        [name, inner],
      ) => [name, isObject(inner) ? this.reference(inner) : inner]),
    );
  }
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
