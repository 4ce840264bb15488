/** Where the tool writes. */
export interface AdminOutput {
  out(bytes: Uint8Array | string): void;
  error(bytes: Uint8Array | string): void;
}
