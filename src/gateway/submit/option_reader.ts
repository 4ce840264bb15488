import { createHash } from "node:crypto";
import type { ByteString } from "../../protocol/mod.ts";
import { type FieldError, Problem } from "../problem.ts";
import { EXPECTED_DURATION, parseDuration, parseMoment } from "../times.ts";

/** Where options come from: query and headers of a request, or the members of an envelope. */
export interface OptionSource {
  /** An option as text; undefined when it is not given. */
  text(name: string): string | undefined;
  bytes(name: string): ByteString | undefined;
  idempotencyKey(): string | undefined;
  /** How an error names the option: a parameter's name, or a JSON pointer into the body. */
  pointer(name: string): string;
}

const FLAGS: Readonly<Record<string, boolean>> = {
  "true": true,
  "1": true,
  "": true,
  "false": false,
  "0": false,
};

/** Reads options one by one and gathers what is wrong, so that a caller learns of all at once. */
export class OptionReader {
  readonly #source: OptionSource;
  readonly #errors: FieldError[] = [];

  constructor(source: OptionSource) {
    this.#source = source;
  }

  wrong(name: string, detail: string): void {
    this.#errors.push({ pointer: this.#source.pointer(name), detail: `${name} ${detail}` });
  }

  /** Wrong when it is given at all. */
  refuse(name: string, detail: string): void {
    if (this.#source.text(name) !== undefined) this.wrong(name, detail);
  }

  text(name: string): string | undefined {
    return this.#source.text(name);
  }

  /** As `text`, empty when it is not given. */
  spelling(name: string): string {
    return this.#source.text(name) ?? "";
  }

  bytes(name: string): ByteString | undefined {
    return this.#source.bytes(name);
  }

  /** A function's name: 1 to `most` bytes without NUL. */
  name(name: string, most: number): ByteString | undefined {
    const bytes = this.#source.bytes(name);
    if (bytes === undefined) return undefined;
    if (bytes.length < 1 || bytes.length > most || bytes.includes("\0")) {
      this.wrong(name, `must be 1 to ${most} bytes without NUL`);
    }
    return bytes;
  }

  flag(name: string): boolean | undefined {
    const text = this.#source.text(name);
    if (text === undefined) return undefined;
    const flag = FLAGS[text.toLowerCase()];
    if (flag === undefined) this.wrong(name, "must be true or false");
    return flag;
  }

  oneOf(name: string, words: readonly string[]): string | undefined {
    const text = this.#source.text(name)?.toLowerCase();
    if (text === undefined || words.includes(text)) return text;
    this.wrong(name, `must be one of ${words.join(", ")}`);
    return undefined;
  }

  /** Milliseconds. */
  duration(name: string): number | undefined {
    const text = this.#source.text(name);
    if (text === undefined) return undefined;
    const ms = parseDuration(text);
    if (ms === undefined) this.wrong(name, `must be ${EXPECTED_DURATION}`);
    return ms;
  }

  /** Epoch seconds. */
  moment(name: string): number | undefined {
    const text = this.#source.text(name);
    if (text === undefined) return undefined;
    const seconds = parseMoment(text);
    if (seconds === undefined) {
      this.wrong(name, "must be an RFC 3339 time with offset, or seconds since 1970");
    }
    return seconds;
  }

  /** 64 bytes that stand for a longer byte string. */
  hash(bytes: ByteString): ByteString {
    return createHash("sha256").update(bytes, "latin1").digest("hex");
  }

  /** Throws the problem `invalid-request` if anything was wrong. */
  throwIfWrong(): void {
    const [first] = this.#errors;
    if (first !== undefined) throw invalidRequest(first.detail, this.#errors);
  }
}

export function invalidRequest(detail: string, errors: readonly FieldError[] = []): Problem {
  return new Problem("invalid-request", `Cannot submit the job: ${detail}`, { errors });
}
