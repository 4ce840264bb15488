import { Buffer } from "node:buffer";
import { libCIfPermitted } from "./libc.ts";

const O_RDWR = 2;
const O_CLOEXEC = 0x80000;
/** Fields of /proc/PID/stat behind the name, counted from 0 (proc(5)): where the arguments begin and end. */
const STAT_ARGUMENTS_START = 45;
const STAT_ARGUMENTS_END = 46;
/** More than a line of /proc/PID/stat has. */
const LONGEST_LINE = 4096;

/**
 * Writes an `x` over every byte of these texts in this process's own copy of its arguments, which is
 * what `ps` and /proc/PID/cmdline show to every user. Answers whether none of them can be seen there any
 * more: not where the C library or /proc is out of reach.
 */
export function hideInProcessList(texts: readonly string[]): boolean {
  const c = libCIfPermitted();
  if (c === undefined) return false;
  const stat = c.open(Buffer.from("/proc/self/stat\0"), O_CLOEXEC);
  const memory = c.open(Buffer.from("/proc/self/mem\0"), O_RDWR | O_CLOEXEC);
  try {
    const line = new Uint8Array(LONGEST_LINE);
    const length = stat < 0 ? -1 : c.read(stat, line, line.length);
    if (length <= 0 || memory < 0) return false;
    const text = Buffer.from(line.buffer, 0, length).toString("latin1");
    // The name stands in brackets and may hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const start = Number(fields[STAT_ARGUMENTS_START]);
    const bytes = Buffer.alloc(Number(fields[STAT_ARGUMENTS_END]) - start);
    if (c.pread(memory, bytes, bytes.length, start) !== bytes.length) return false;
    for (const secret of texts) cover(bytes, Buffer.from(secret));
    return c.pwrite(memory, bytes, bytes.length, start) === bytes.length;
  } finally {
    for (const descriptor of [stat, memory]) if (descriptor >= 0) c.close(descriptor);
  }
}

function cover(bytes: Buffer, secret: Buffer): void {
  if (secret.length === 0) return;
  for (let at = bytes.indexOf(secret); at >= 0; at = bytes.indexOf(secret, at)) {
    bytes.fill("x", at, at + secret.length);
    at += secret.length;
  }
}
