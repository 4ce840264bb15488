import { type ByteString, byteStringFrom } from "../../src/protocol/mod.ts";
import { quoted, type SoundAttempt } from "./registry.ts";

/** What must be the next reply to a peer, besides packets that come of themselves. */
export type Expectation =
  | { readonly kind: "echo"; readonly data: Uint8Array }
  | { readonly kind: "created"; readonly attempt: SoundAttempt; readonly foreground: boolean }
  | {
    readonly kind: "grab";
    readonly with: "GRAB_JOB" | "GRAB_JOB_UNIQ" | "GRAB_JOB_ALL";
    /** Functions that the peer was registered for when it asked. */
    readonly functions: ReadonlySet<ByteString>;
    /** Which of the peer's requests it was. */
    readonly request: number;
  }
  | { readonly kind: "error"; readonly code: ByteString }
  | { readonly kind: "status"; readonly handle: ByteString }
  | { readonly kind: "unique status"; readonly unique: ByteString }
  | { readonly kind: "option"; readonly option: ByteString }
  | { readonly kind: "text"; readonly pattern: RegExp };

/** An expectation in words. */
export function shown(expectation: Expectation | undefined): string {
  if (expectation === undefined) return "nothing";
  switch (expectation.kind) {
    case "echo":
      return `echo of ${quoted(byteStringFrom(expectation.data.subarray(0, 60)))}`;
    case "text":
      return `text like ${expectation.pattern}`;
    case "grab":
      return `an answer to ${expectation.with}`;
    default:
      return JSON.stringify(expectation);
  }
}
