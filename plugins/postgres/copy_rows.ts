import { Buffer } from "node:buffer";
import type { OwnQuery } from "./pg_package.ts";

/** Signature, flags, length of the extension (documentation of COPY, "Binary Format"). */
const SIGNATURE_BYTES = 11;
const FIRST_BYTES = 64 * 1024;

/**
 * Runs `COPY (…) TO STDOUT (FORMAT binary)` and gathers what it sends. The driver decodes ordinary
 * results as UTF-8 text, so bytes would come as hexadecimal digits: twice as many, and no more than 256 MiB
 * in one value. What COPY sends comes as it is.
 */
export class CopyQuery implements OwnQuery {
  readonly #sql: string;
  readonly #resolve: (bytes: Buffer) => void;
  readonly #reject: (error: unknown) => void;
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  constructor(sql: string, resolve: (bytes: Buffer) => void, reject: (error: unknown) => void) {
    this.#sql = sql;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: { query(text: string): void }): null {
    connection.query(this.#sql);
    return null;
  }

  /** The driver uses the bytes of a chunk again: they are copied. */
  handleCopyData({ chunk }: { readonly chunk: Uint8Array }): void {
    const end = this.#length + chunk.length;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = end;
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#bytes.subarray(0, this.#length));
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}

/** Reads what COPY sent, field by field. Byte arrays are views. Throws `RangeError` where it ends too soon. */
export class CopyRows {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    const flagsAt = SIGNATURE_BYTES;
    this.#at = flagsAt + 8 + bytes.readUInt32BE(flagsAt + 4);
  }

  /** Goes to the next row; false when there is none. */
  next(): boolean {
    const fields = this.#bytes.readInt16BE(this.#at);
    this.#at += 2;
    return fields >= 0;
  }

  /** The next field's bytes; null for NULL. */
  bytes(): Uint8Array | null {
    const length = this.#bytes.readInt32BE(this.#at);
    this.#at += 4;
    if (length < 0) return null;
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new RangeError("a field ends too soon");
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
  }

  /** The next field as a byte string; null for NULL. */
  name(): string | null {
    const length = this.#bytes.readInt32BE(this.#at);
    const start = this.#at + 4;
    if (length <= 0) {
      this.#at = start;
      return length < 0 ? null : "";
    }
    this.#at = start + length;
    return this.#bytes.toString("latin1", start, this.#at);
  }

  /** The next field, an `int8`; null for NULL. */
  number(): number | null {
    const length = this.#bytes.readInt32BE(this.#at);
    const start = this.#at + 4;
    this.#at = start;
    if (length < 0) return null;
    this.#at += length;
    return this.#bytes.readInt32BE(start) * 2 ** 32 + this.#bytes.readUInt32BE(start + 4);
  }
}
