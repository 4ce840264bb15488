import { type ByteString, byteStringFromText } from "../../protocol/mod.ts";
import { bytesOfBase64 } from "../base64.ts";
import { isWholeText, NOT_WHOLE_TEXT } from "../byte_text.ts";
import { nearestHint } from "../json_schema.ts";
import type { FieldError } from "../problem.ts";
import { memberSlices } from "./json_slices.ts";
import { invalidRequest, type OptionSource } from "./option_reader.ts";
import { OPTION_NAMES, REFUSED_OPTION_NAMES } from "./option_parameters.ts";

/** A job as `application/vnd.gearman.job+json` describes it. */
export interface JobEnvelope {
  readonly functionName: ByteString | undefined;
  readonly workload: Uint8Array;
  readonly options: OptionSource;
}

const PAYLOADS = ["payload", "payload_text", "payload_base64"];
const MEMBERS = new Set([
  "function",
  ...PAYLOADS,
  "idempotency_key",
  ...OPTION_NAMES,
  ...REFUSED_OPTION_NAMES,
]);
/** What a member that is not known may have been meant to be. */
const KNOWN = [...MEMBERS].filter((name) => !REFUSED_OPTION_NAMES.includes(name));

/**
 * Understands one envelope. `value` is what `parseJson` made of `json`; `pointer` leads to it in the
 * body, empty at the top. Throws the problem `invalid-request`.
 */
export function readEnvelope(json: Uint8Array, value: unknown, pointer = ""): JobEnvelope {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidRequest("an envelope must be an object", [{
      pointer,
      detail: "must be an object",
    }]);
  }
  const members = new Map<string, unknown>(Object.entries(value));
  const errors: FieldError[] = [];
  const wrong = (name: string, detail: string) =>
    errors.push({ pointer: pointerTo(pointer, name), detail: `${name} ${detail}` });
  for (const [name, member] of members) {
    if (!MEMBERS.has(name)) wrong(name, `is not known here${nearestHint(name, KNOWN)}`);
    else if (name === "payload") continue;
    else if (typeof member === "object" && member !== null) {
      wrong(name, "must be a string, a number or a boolean");
    } else if (typeof member === "string" && !isWholeText(member)) wrong(name, NOT_WHOLE_TEXT);
  }
  const payloads = PAYLOADS.filter((name) => members.has(name));
  if (payloads.length > 1) wrong(payloads[1]!, `cannot stand beside ${payloads[0]}`);
  for (const name of ["function", "payload_text", "payload_base64"]) {
    if (members.has(name) && typeof members.get(name) !== "string") wrong(name, "must be a string");
  }
  const base64 = members.get("payload_base64");
  const decoded = typeof base64 === "string" ? bytesOfBase64(base64) : undefined;
  if (typeof base64 === "string" && decoded === undefined) {
    wrong("payload_base64", "must be Base64");
  }
  if (errors.length > 0) throw invalidRequest(errors[0]!.detail, errors);
  const functionName = members.get("function");
  return {
    functionName: typeof functionName === "string" ? byteStringFromText(functionName) : undefined,
    workload: decoded ?? workloadOf(json, members, payloads[0]),
    options: new EnvelopeOptions(members, pointer),
  };
}

function workloadOf(
  json: Uint8Array,
  members: ReadonlyMap<string, unknown>,
  payload: string | undefined,
): Uint8Array {
  switch (payload) {
    case undefined:
      return new Uint8Array(0);
    case "payload":
      // Of its own, so that a large body is not kept for a small part of it.
      return Uint8Array.prototype.slice.call(memberSlices(json).get("payload")!);
    default:
      return new TextEncoder().encode(members.get(payload) as string);
  }
}

function pointerTo(base: string, name: string): string {
  return `${base}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

class EnvelopeOptions implements OptionSource {
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #pointer: string;

  constructor(members: ReadonlyMap<string, unknown>, pointer: string) {
    this.#members = members;
    this.#pointer = pointer;
  }

  text(name: string): string | undefined {
    const value = this.#members.get(name) ?? undefined;
    return value === undefined ? undefined : String(value);
  }

  bytes(name: string): ByteString | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : byteStringFromText(text);
  }

  idempotencyKey(): string | undefined {
    return this.text("idempotency_key");
  }

  pointer(name: string): string {
    return pointerTo(this.#pointer, name === "Idempotency-Key" ? "idempotency_key" : name);
  }
}
