import { Buffer } from "node:buffer";
import type { NamedRecord, StoredJob, StoredPriority } from "../../src/plugin_api/mod.ts";
import { FIXED_HEAD_BYTES, type Life, STATES } from "./packer.ts";

/** The fixed part of a packed job: its numbers, and where its other fields lie in the buffer. */
export interface FixedPart {
  readonly key: number;
  readonly acceptedAt: number;
  readonly priority: number;
  /** Where the part begins. */
  readonly start: number;
  /** Where each field begins; they follow one another without gaps, the handle first. */
  readonly handle: number;
  readonly functionName: number;
  readonly unique: number;
  readonly reducer: number;
  readonly namespace: number;
  readonly workload: number;
  /** Where the workload and the part end. */
  readonly end: number;
}

/** Reads what a `Packer` wrote, in the order in which it was written. Byte arrays are views. */
export class Unpacker {
  readonly #buffer: ArrayBuffer;
  readonly #view: DataView;
  readonly #text: Buffer;
  #at = 0;

  constructor(buffer: ArrayBuffer) {
    this.#buffer = buffer;
    this.#view = new DataView(buffer);
    this.#text = Buffer.from(buffer);
  }

  get position(): number {
    return this.#at;
  }

  count(): number {
    const count = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return count;
  }

  number(): number {
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  fixed(): FixedPart {
    const start = this.#at;
    const key = this.number();
    const acceptedAt = this.number();
    const priority = this.count();
    const handle = start + FIXED_HEAD_BYTES;
    const functionName = handle + this.count();
    const unique = functionName + this.count();
    const reducer = unique + this.count();
    const namespace = reducer + this.count();
    const workload = namespace + this.count();
    const end = workload + this.count();
    this.#at = end;
    return {
      key,
      acceptedAt,
      priority,
      start,
      handle,
      functionName,
      unique,
      reducer,
      namespace,
      workload,
      end,
    };
  }

  life(): Life {
    const attempts = this.number();
    const notBefore = this.number();
    const finishedAt = this.number();
    const expiresAt = this.number();
    const state = STATES[this.count()] ?? "queued";
    const length = this.count();
    const result = this.view(this.#at, this.#at + length);
    this.#at += length;
    const outcome = state === "queued" ? null : { finishedAt, expiresAt, result };
    return { attempts, notBefore, state, outcome };
  }

  job(): StoredJob {
    const part = this.fixed();
    const { attempts, notBefore, state, outcome } = this.life();
    return {
      key: part.key,
      handle: this.name(part.handle, part.functionName),
      functionName: this.name(part.functionName, part.unique),
      unique: this.name(part.unique, part.reducer),
      workload: this.view(part.workload, part.end),
      priority: part.priority as StoredPriority,
      notBefore,
      reducer: this.name(part.reducer, part.namespace),
      acceptedAt: part.acceptedAt,
      attempts,
      namespace: this.name(part.namespace, part.workload),
      state,
      outcome,
    };
  }

  record(): NamedRecord {
    const present = this.count() === 1;
    const nameLength = this.count();
    const valueLength = this.count();
    const valueAt = this.#at + nameLength;
    const name = this.name(this.#at, valueAt);
    this.#at = valueAt + valueLength;
    return { name, value: present ? this.view(valueAt, this.#at) : null };
  }

  name(start: number, end: number): string {
    return start === end ? "" : this.#text.toString("latin1", start, end);
  }

  /** The bytes from `start` to `end`, not copied. */
  view(start: number, end: number): Uint8Array {
    return new Uint8Array(this.#buffer, start, end - start);
  }
}
