import { Buffer } from "node:buffer";
import { hostname } from "node:os";
import process from "node:process";
import { type LibC, libCIfPermitted } from "./libc.ts";

/** A process, as far as it can be told from others. */
export interface ProcessIdentity {
  /** Name of its machine, for people. */
  readonly host: string;
  readonly pid: number;
  /** When it began, milliseconds since 1970, for people. */
  readonly startedAt: number;
  /** The same for processes whose numbers mean the same (one boot, one process namespace); "" = not known. */
  readonly machine: string;
  /** Tells the process from a later one with the same number; "" = not known. */
  readonly birth: string;
}

const O_CLOEXEC = 0x80000;
/** More than a line of /proc or the target of one of its links has. */
const LONGEST_TEXT = 4096;
/** Fields of /proc/PID/stat behind the name, counted from 0: when the process began, in ticks since boot. */
const STAT_START_TIME = 19;

/** This process. Where the C library cannot be called, only what is for people. */
export function ownProcess(): ProcessIdentity {
  const c = libCIfPermitted();
  const { pid } = process;
  return {
    host: hostname(),
    pid,
    startedAt: Math.round(Date.now() - process.uptime() * 1000),
    machine: c === undefined ? "" : machineOf(c),
    birth: c === undefined ? "" : birthOf(c, pid),
  };
}

/** Whether a process has certainly ended: it lived beside this one, and its number is free or taken anew. */
export function isProcessGone({ pid, machine, birth }: ProcessIdentity): boolean {
  const c = libCIfPermitted();
  if (c === undefined || machine === "" || machine !== machineOf(c) || !(pid > 0)) return false;
  // A system that does not answer for this process says nothing of others.
  if (c.getpgid(process.pid) === -1) return false;
  if (c.getpgid(pid) === -1) return true;
  const now = birthOf(c, pid);
  return birth !== "" && now !== "" && now !== birth;
}

/** One boot of one kernel, one namespace of process numbers; empty when either is hidden. */
function machineOf(c: LibC): string {
  const boot = textOf(c, "/proc/sys/kernel/random/boot_id").trim();
  const namespace = linkOf(c, "/proc/self/ns/pid");
  return boot === "" || namespace === "" ? "" : `${boot} ${namespace}`;
}

function birthOf(c: LibC, pid: number): string {
  const stat = textOf(c, `/proc/${pid}/stat`);
  // The name stands in brackets and may hold anything.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[STAT_START_TIME] ?? "";
}

/** The beginning of a file; empty when it cannot be read. Deno's own calls may read nothing in /proc. */
export function textOf(c: LibC, path: string): string {
  const descriptor = c.open(Buffer.from(`${path}\0`), O_CLOEXEC);
  if (descriptor < 0) return "";
  const bytes = new Uint8Array(LONGEST_TEXT);
  const length = c.read(descriptor, bytes, bytes.length);
  c.close(descriptor);
  return Buffer.from(bytes.buffer, 0, Math.max(0, length)).toString("latin1");
}

function linkOf(c: LibC, path: string): string {
  const target = new Uint8Array(LONGEST_TEXT);
  const length = c.readlink(Buffer.from(`${path}\0`), target, target.length);
  return Buffer.from(target.buffer, 0, Math.max(0, length)).toString("latin1");
}
