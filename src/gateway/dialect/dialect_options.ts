import { type ByteString, byteStringFromText, textOf } from "../../protocol/mod.ts";
import { Problem } from "../problem.ts";
import { parseQuery } from "../query.ts";
import type { OptionSource } from "../submit/mod.ts";

/** What the query may ask for; the dialect's own answers have no room for the rest. */
const QUERY_OPTIONS = new Set([
  "background",
  "priority",
  "unique",
  "unique_hash",
  "run_at",
  "delay",
  "reducer",
  "timeout",
  "require_worker",
]);
/** The headers that C gearmand's plugin reads (protocol section 13). */
const HEADER_OPTIONS = new Set(["background", "priority", "unique"]);

/** Spellings of a flag that is set. */
const TRUE: ReadonlySet<string> = new Set(["", "1", "true"]);

/** Options of C gearmand's HTTP plugin: three headers, and a query where that is no part of the name. */
export class DialectOptions implements OptionSource {
  readonly #headers: Headers;
  readonly #query: ReadonlyMap<string, ByteString>;

  /** Throws `invalid-request`. */
  constructor(headers: Headers, query: string) {
    this.#headers = headers;
    this.#query = parseQuery(query);
    for (const name of this.#query.keys()) {
      if (QUERY_OPTIONS.has(name)) continue;
      const detail = `is no option of this address; POST /jobs/{function} has more`;
      throw new Problem("invalid-request", `The parameter "${textOf(name)}" ${detail}`, {
        errors: [{ pointer: textOf(name), detail }],
      });
    }
    for (const name of HEADER_OPTIONS) this.#refuseContradiction(name);
  }

  text(name: string): string | undefined {
    const bytes = this.bytes(name);
    return bytes === undefined ? undefined : textOf(bytes);
  }

  bytes(name: string): ByteString | undefined {
    return this.#query.get(name) ?? this.#header(name);
  }

  idempotencyKey(): undefined {
    return undefined;
  }

  pointer(name: string): string {
    return name;
  }

  /** What a header says that is there and means something, the query must not say otherwise. */
  #refuseContradiction(name: string): void {
    const said = this.#headers.has(`x-gearman-${name}`) ? this.#header(name) : undefined;
    const query = this.#query.get(name);
    if (said === undefined || query === undefined || query === said) return;
    if (name === "background" && TRUE.has(query.toLowerCase())) return;
    const detail = `was given with two values; the second in x-gearman-${name}`;
    throw new Problem("invalid-request", `The parameter "${name}" ${detail}`, {
      errors: [{ pointer: name, detail }],
    });
  }

  /** As C reads them: what is not known means nothing, and without a unique ID equal workloads join. */
  #header(name: string): ByteString | undefined {
    if (!HEADER_OPTIONS.has(name)) return undefined;
    const value = this.#headers.get(`x-gearman-${name}`) ?? undefined;
    switch (name) {
      case "unique":
        return value === undefined ? "-" : asBytes(value);
      case "priority":
        return value === "high" || value === "low" ? value : undefined;
      default:
        return value === "true" ? value : undefined;
    }
  }
}

/** Header values come with one character per byte; anything else is text. */
function asBytes(value: string): ByteString {
  return /[\u0100-\uffff]/.test(value) ? byteStringFromText(value) : value;
}
