import type { ByteString } from "../../protocol/mod.ts";
import type { Call } from "../call.ts";
import { headersOf, OPTION_NAMES, REFUSED_OPTION_NAMES } from "./option_parameters.ts";
import { invalidRequest, type OptionSource } from "./option_reader.ts";

const OPTION_HEADER = /^(x-)?gearman-/;
/** Headers of the name that answers carry: a proxy may have left them. */
const ANSWER_HEADERS = ["job-handle", "function", "workers", "warnings", "attempts", "coalesced"];

/** The options that an address takes beside its body, with their headers. */
export class OptionNames {
  readonly options: ReadonlySet<string>;
  readonly headers: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.options = new Set(names);
    this.headers = new Set(names.flatMap(headersOf).map((header) => header.toLowerCase()));
  }
}

/** Where options stand in the query and in headers, and where only in envelopes. */
export const ALL_OPTIONS = new OptionNames(OPTION_NAMES);
export const NO_OPTIONS = new OptionNames([]);

/** Options of the query and the headers of a request. */
export class CallOptions implements OptionSource {
  readonly #call: Call;
  readonly #names: OptionNames;
  /** Most requests have no option at all: then nobody needs to look for each. */
  readonly #hasAny: boolean;

  /** Throws `invalid-request` for headers of options that are not among `names`. */
  constructor(call: Call, names: OptionNames) {
    this.#call = call;
    this.#names = names;
    let hasAny = call.request.url.includes("?");
    call.request.headers.forEach((_, header) => {
      if (!header.startsWith("gearman-") && !header.startsWith("x-gearman-")) return;
      if (names.headers.has(header)) hasAny = true;
      else refuseUnknown(header);
    });
    this.#hasAny = hasAny;
  }

  text(name: string): string | undefined {
    return this.#takes(name) ? this.#call.text(name) : undefined;
  }

  bytes(name: string): ByteString | undefined {
    return this.#takes(name) ? this.#call.bytes(name) : undefined;
  }

  idempotencyKey(): string | undefined {
    return this.#call.text("Idempotency-Key");
  }

  pointer(name: string): string {
    return name;
  }

  #takes(name: string): boolean {
    return this.#hasAny && this.#names.options.has(name);
  }
}

function refuseUnknown(header: string): void {
  const option = header.replace(OPTION_HEADER, "");
  if (ANSWER_HEADERS.includes(option) && !isRefused(option)) return;
  const detail = whyUnknown(option);
  throw invalidRequest(`${header} ${detail}`, [{ pointer: header, detail }]);
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
