import type { ByteString } from "../protocol/mod.ts";

/** Numbers as they are minted: no sign, no zeros in front. */
const NUMBER = /^[1-9][0-9]{0,15}$/;

/** Whether the handle is one of those that were given out before `nextHandle`. */
export function isMinted(handle: ByteString, prefix: ByteString, nextHandle: number): boolean {
  if (!handle.startsWith(prefix)) return false;
  const number = handle.slice(prefix.length);
  return NUMBER.test(number) && Number(number) < nextHandle;
}
