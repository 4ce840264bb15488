/**
 * The few calls of the C library that no runtime offers: dropping the groups of root, limits, users
 * as the name service knows them, datagrams on Unix sockets, options of sockets. Bound when first needed, on Linux with
 * glibc, and what the kernel tells of processes. Pointers returned by C are never followed, so that Deno's permission can be narrowed to the
 * library's own path (`--allow-ffi=/lib/x86_64-linux-gnu/libc.so.6`).
 */

import process from "node:process";

/** The calls, under their C names. Buffers are written to or read by C during the call only. */
export interface LibC {
  getpwnam_r(
    name: Uint8Array,
    record: Uint8Array,
    texts: Uint8Array,
    textsLength: number,
    found: Uint8Array,
  ): number;
  setgroups(count: number, groups: Uint8Array | null): number;
  setgid(group: number): number;
  setuid(user: number): number;
  getrlimit(resource: number, limits: Uint8Array): number;
  setrlimit(resource: number, limits: Uint8Array): number;
  prctl(option: number, value: Uint8Array): number;
  socket(family: number, type: number, protocol: number): number;
  sendto(
    socket: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ): number;
  getsockname(socket: number, address: Uint8Array, addressLength: Uint8Array): number;
  getpeername(socket: number, address: Uint8Array, addressLength: Uint8Array): number;
  shutdown(socket: number, how: number): number;
  getsockopt(
    socket: number,
    level: number,
    name: number,
    value: Uint8Array,
    length: Uint8Array,
  ): number;
  setsockopt(
    socket: number,
    level: number,
    name: number,
    value: Uint8Array,
    length: number,
  ): number;
  open(path: Uint8Array, flags: number): number;
  read(descriptor: number, bytes: Uint8Array, length: number): number;
  pread(descriptor: number, bytes: Uint8Array, length: number, offset: number): number;
  pwrite(descriptor: number, bytes: Uint8Array, length: number, offset: number): number;
  readlink(path: Uint8Array, target: Uint8Array, length: number): number;
  close(descriptor: number): number;
  fcntl(descriptor: number, command: number, value: number): number;
  getpgid(pid: number): number;
  poll(entries: Uint8Array, count: number, timeoutMs: number): number;
}

/** The C library cannot be called: another system, or the permission was not given. */
export class LibCError extends Error {
  readonly code: "NOT_PERMITTED" | "NOT_FOUND";
  constructor(code: LibCError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LibCError";
    this.code = code;
  }
}

/** Where glibc lies on the usual distributions; the runtime's permission lists the same paths. */
export const LIBC_PATHS = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
] as const;

/** Deno's form of the calls' types; Bun's is derived from it. */
const CALLS = {
  getpwnam_r: { parameters: ["buffer", "buffer", "buffer", "usize", "buffer"], result: "i32" },
  setgroups: { parameters: ["usize", "buffer"], result: "i32" },
  setgid: { parameters: ["u32"], result: "i32" },
  setuid: { parameters: ["u32"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  prctl: { parameters: ["i32", "buffer"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  pread: { parameters: ["i32", "buffer", "usize", "usize"], result: "isize" },
  pwrite: { parameters: ["i32", "buffer", "usize", "usize"], result: "isize" },
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  getpgid: { parameters: ["i32"], result: "i32" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
} as const;

let opened: LibC | undefined;

/** The C library; throws `LibCError` where it cannot be called. */
export function libC(): LibC {
  opened ??= open();
  return opened;
}

let permitted: boolean | undefined;

/** The C library where it can be called without asking anybody, else `undefined`. */
export function libCIfPermitted(): LibC | undefined {
  permitted ??= typeof Deno === "undefined" ||
    LIBC_PATHS.some((path) =>
      Deno.permissions.querySync({ name: "ffi", path }).state === "granted"
    );
  if (!permitted) return undefined;
  try {
    return libC();
  } catch (error) {
    if (!(error instanceof LibCError)) throw error;
    permitted = false;
    return undefined;
  }
}

function open(): LibC {
  let cause: unknown;
  for (const path of LIBC_PATHS) {
    try {
      return typeof Deno === "undefined" ? openOnBun(path) : openOnDeno(path);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error.name === "NotCapable" || error.name === "PermissionDenied") {
        throw new LibCError(
          "NOT_PERMITTED",
          `Cannot call the C library: this executable lacks the permission --allow-ffi=${path}`,
          { cause: error },
        );
      }
      cause = error;
    }
  }
  throw new LibCError("NOT_FOUND", "Cannot call the C library: no glibc on this system", { cause });
}

function openOnDeno(path: string): LibC {
  const calls = Deno.dlopen(path, CALLS).symbols;
  return {
    ...calls,
    getpwnam_r: (name, record, texts, length, found) =>
      calls.getpwnam_r(owned(name), owned(record), owned(texts), BigInt(length), owned(found)),
    setgroups: (count, groups) => calls.setgroups(BigInt(count), groups && owned(groups)),
    getrlimit: (resource, limits) => calls.getrlimit(resource, owned(limits)),
    setrlimit: (resource, limits) => calls.setrlimit(resource, owned(limits)),
    prctl: (option, value) => calls.prctl(option, owned(value)),
    sendto: (socket, bytes, length, flags, address, addressLength) =>
      Number(
        calls.sendto(socket, owned(bytes), BigInt(length), flags, owned(address), addressLength),
      ),
    getsockname: (socket, address, length) =>
      calls.getsockname(socket, owned(address), owned(length)),
    getpeername: (socket, address, length) =>
      calls.getpeername(socket, owned(address), owned(length)),
    getsockopt: (socket, level, name, value, length) =>
      calls.getsockopt(socket, level, name, owned(value), owned(length)),
    setsockopt: (socket, level, name, value, length) =>
      calls.setsockopt(socket, level, name, owned(value), length),
    open: (path, flags) => calls.open(owned(path), flags),
    read: (descriptor, bytes, length) =>
      Number(calls.read(descriptor, owned(bytes), BigInt(length))),
    pread: (descriptor, bytes, length, offset) =>
      Number(calls.pread(descriptor, owned(bytes), BigInt(length), BigInt(offset))),
    pwrite: (descriptor, bytes, length, offset) =>
      Number(calls.pwrite(descriptor, owned(bytes), BigInt(length), BigInt(offset))),
    poll: (entries, count, timeout) => calls.poll(owned(entries), BigInt(count), timeout),
    readlink: (path, target, length) =>
      Number(calls.readlink(owned(path), owned(target), BigInt(length))),
  };
}

/** Deno takes only arrays whose memory is not shared; ours never is. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

/** What is used of the module `bun:ffi`, whose types Deno does not know. */
interface BunFfi {
  dlopen(
    path: string,
    calls: Record<string, { args: readonly string[]; returns: string }>,
  ): { symbols: Record<keyof LibC, (...values: unknown[]) => number | bigint> };
}

const BUN_TYPES: Readonly<Record<string, string>> = {
  buffer: "ptr",
  usize: "u64",
  isize: "i64",
};

function openOnBun(path: string): LibC {
  const ffi = (process as { getBuiltinModule?(name: string): unknown })
    .getBuiltinModule?.("bun:ffi") as BunFfi | undefined;
  if (ffi === undefined) throw new LibCError("NOT_FOUND", "Cannot call the C library: no bun:ffi");
  const described = Object.entries(CALLS).map(([name, { parameters, result }]) => [
    name,
    {
      args: parameters.map((type) => BUN_TYPES[type] ?? type),
      returns: BUN_TYPES[result] ?? result,
    },
  ]);
  const calls = ffi.dlopen(path, Object.fromEntries(described)).symbols;
  return Object.fromEntries(
    Object.keys(CALLS).map((name) => {
      const call = calls[name as keyof LibC];
      return [name, (...values: unknown[]) => Number(call(...values))];
    }),
  ) as unknown as LibC;
}
