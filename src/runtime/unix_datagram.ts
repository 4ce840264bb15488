import { Buffer } from "node:buffer";
import { libC } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0x80002;
const MSG_NOSIGNAL = 0x4000;
const MSG_DONTWAIT = 0x40;
/** Longest name of a Unix socket, bytes. */
const MAX_PATH_BYTES = 107;

/** Sends datagrams to one Unix socket: the service manager's, the system log's. */
export class UnixDatagramSender {
  readonly #address: Uint8Array;
  readonly #mayWait: boolean;
  #socket: number;

  /**
   * `path` may begin with `@` (abstract name). With `mayWait` a full queue blocks the process until
   * the datagram is taken, otherwise the datagram is lost. Throws `LibCError`, or `RangeError` when
   * the path is too long.
   */
  constructor(path: string, mayWait: boolean) {
    this.#address = socketAddress(path);
    this.#mayWait = mayWait;
    this.#socket = libC().socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  }

  /** Answers whether the datagram was handed over. Never throws. */
  send(text: string): boolean {
    if (this.#socket < 0) return false;
    const bytes = Buffer.from(text);
    const flags = this.#mayWait ? MSG_NOSIGNAL : MSG_NOSIGNAL | MSG_DONTWAIT;
    const sent = libC().sendto(
      this.#socket,
      bytes,
      bytes.length,
      flags,
      this.#address,
      this.#address.length,
    );
    return sent === bytes.length;
  }

  close(): void {
    if (this.#socket >= 0) libC().close(this.#socket);
    this.#socket = -1;
  }
}

/** `struct sockaddr_un`: the family, then the path (with NUL) or an abstract name (after a NUL). */
function socketAddress(path: string): Uint8Array {
  const abstract = path.startsWith("@");
  const name = Buffer.from(abstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > MAX_PATH_BYTES + 1) {
    throw new RangeError(`Cannot send to socket "${path}": the name is too long`);
  }
  return Buffer.concat([Uint8Array.of(AF_UNIX, 0), name]);
}
