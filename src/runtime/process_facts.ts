/** What the kernel tells of processes, by the C library: Deno's own calls may read nothing in /proc. */

import { Buffer } from "node:buffer";
import process from "node:process";
import { libCIfPermitted } from "./libc.ts";
import { textOf } from "./process_identity.ts";

const O_CLOEXEC = 0x80000;
const CHUNK_BYTES = 64 * 1024;

/** Resident memory of a process, bytes; undefined when it is gone or cannot be seen. */
export function memoryOf(pid: number): number | undefined {
  const c = libCIfPermitted();
  if (c === undefined) return undefined;
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(textOf(c, `/proc/${pid}/status`))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/**
 * The environment that this process was started with. An executable's permission covers only the variables
 * that mean something to cogd itself; this is for those that an operator has named for somebody else.
 */
export function startingEnvironment(): Readonly<Record<string, string>> {
  if (typeof Deno === "undefined") return definedOnly(process.env);
  const found: Record<string, string> = {};
  for (const entry of wholeFile("/proc/self/environ").split("\0")) {
    const equals = entry.indexOf("=");
    if (equals > 0) found[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  return found;
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(environment).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Record<string, string>;
}

function wholeFile(path: string): string {
  const c = libCIfPermitted();
  const descriptor = c?.open(Buffer.from(`${path}\0`), O_CLOEXEC) ?? -1;
  if (c === undefined || descriptor < 0) return "";
  const pieces: Buffer[] = [];
  for (;;) {
    const bytes = Buffer.alloc(CHUNK_BYTES);
    const length = c.read(descriptor, bytes, bytes.length);
    if (length <= 0) break;
    pieces.push(bytes.subarray(0, length));
  }
  c.close(descriptor);
  return Buffer.concat(pieces).toString("utf8");
}
