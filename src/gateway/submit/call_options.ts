import type { ByteString } from "../../protocol/mod.ts";
import type { Call } from "../call.ts";
import { headersOf, OPTION_NAMES, REFUSED_OPTION_NAMES } from "./option_parameters.ts";
import { invalidRequest, type OptionSource } from "./option_reader.ts";

/** A header that asks something of a submission. Others of the name are what answers carry. */
const OPTION_HEADER = /^(x-)?gearman-(.+)$/;
const ANSWER_HEADERS = ["job-handle", "function", "workers", "warnings", "attempts", "coalesced"];

/** Options of the query and the headers of a request. */
export class CallOptions implements OptionSource {
  readonly #call: Call;
  readonly #names: ReadonlySet<string>;

  /** `names`: the options that the route takes. Throws `invalid-request` for headers of others. */
  constructor(call: Call, names: readonly string[] = OPTION_NAMES) {
    this.#call = call;
    this.#names = new Set(names);
    const known = new Set(names.flatMap(headersOf).map((header) => header.toLowerCase()));
    for (const header of call.request.headers.keys()) {
      const option = OPTION_HEADER.exec(header)?.[2];
      if (option === undefined || known.has(header)) continue;
      if (ANSWER_HEADERS.includes(option) && !isRefused(option)) continue;
      throw invalidRequest(`${header} ${whyUnknown(option)}`, [
        { pointer: header, detail: whyUnknown(option) },
      ]);
    }
  }

  text(name: string): string | undefined {
    return this.#names.has(name) ? this.#call.text(name) : undefined;
  }

  bytes(name: string): ByteString | undefined {
    return this.#names.has(name) ? this.#call.bytes(name) : undefined;
  }

  idempotencyKey(): string | undefined {
    return this.#call.text("Idempotency-Key");
  }

  pointer(name: string): string {
    return name;
  }
}

function optionNamed(header: string): string {
  return header.replaceAll("-", "_");
}

function isRefused(header: string): boolean {
  return REFUSED_OPTION_NAMES.includes(optionNamed(header));
}

function whyUnknown(header: string): string {
  if (isRefused(header)) return "is not an option of this version of the server; leave it out";
  return OPTION_NAMES.includes(optionNamed(header))
    ? "is not taken here: options stand in the envelope"
    : "is no option of a submission";
}

/** Options of an envelope and of its request; contradictions are an `invalid-request`. */
export class MergedOptions implements OptionSource {
  readonly #envelope: OptionSource;
  readonly #call: OptionSource;

  constructor(envelope: OptionSource, call: OptionSource) {
    this.#envelope = envelope;
    this.#call = call;
    for (const name of OPTION_NAMES) {
      if (contradict(envelope.text(name), call.text(name))) throw contradiction(envelope, name);
    }
    if (contradict(envelope.idempotencyKey(), call.idempotencyKey())) {
      throw contradiction(envelope, "Idempotency-Key");
    }
  }

  text(name: string): string | undefined {
    return this.#envelope.text(name) ?? this.#call.text(name);
  }

  bytes(name: string): ByteString | undefined {
    return this.#envelope.bytes(name) ?? this.#call.bytes(name);
  }

  idempotencyKey(): string | undefined {
    return this.#envelope.idempotencyKey() ?? this.#call.idempotencyKey();
  }

  pointer(name: string): string {
    return this.#call.text(name) === undefined ? this.#envelope.pointer(name) : name;
  }
}

function contradict(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function contradiction(source: OptionSource, name: string) {
  const detail = `${name} was given with two values, in the envelope and beside it`;
  return invalidRequest(detail, [{ pointer: source.pointer(name), detail }]);
}
