import type { LoopTurns } from "./loop_turns.ts";

const HOSTNAME = "127.0.0.1";
const BYTE = new Uint8Array(1);
/** Where there is no socket for it: the shortest timer. */
const TIMER_MS = 1;

/**
 * Turns of Deno's loop, by a byte that the process sends to itself: it comes back when sockets are looked
 * at, as do those of all peers. That costs 17 µs. An immediate is no sign of it (61 of them run between two
 * looks, by strace), a timer takes more than a millisecond.
 */
export class DenoLoopTurns implements LoopTurns {
  #callback: (() => void) | undefined;
  #sender: Deno.TcpConn | undefined;
  #receiver: Deno.TcpConn | undefined;
  #isClosed = false;

  next(callback: () => void): void {
    this.#callback = callback;
    if (this.#sender !== undefined) this.#send(this.#sender);
    else void this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#callback = undefined;
    this.#closePair();
  }

  async #open(): Promise<void> {
    try {
      await this.#connect();
    } catch {
      // No descriptors, no such address, no permission: perhaps later.
      this.#closePair();
    }
    if (this.#isClosed) this.#closePair();
    else if (this.#sender !== undefined) this.#send(this.#sender);
    else setTimeout(() => this.#turned(), TIMER_MS);
  }

  async #connect(): Promise<void> {
    const listener = Deno.listen({ hostname: HOSTNAME, port: 0, tcpBacklog: 4 });
    try {
      const sender = await Deno.connect({ hostname: HOSTNAME, port: listener.addr.port });
      this.#sender = sender;
      sender.setNoDelay(true);
      let receiver = await listener.accept();
      // Another process may have come first.
      while (receiver.remoteAddr.port !== sender.localAddr.port) {
        receiver.close();
        receiver = await listener.accept();
      }
      this.#receiver = receiver;
      void this.#receive(receiver);
    } finally {
      listener.close();
    }
  }

  #send(sender: Deno.TcpConn): void {
    sender.write(BYTE).catch(() => this.#lost());
  }

  async #receive(receiver: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(16);
    try {
      while (await receiver.read(buffer) !== null) this.#turned();
    } catch {
      // Closed, here as a rule.
    }
    this.#lost();
  }

  #turned(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }

  /** The next turn opens another pair. */
  #lost(): void {
    this.#closePair();
    if (this.#callback !== undefined) setTimeout(() => this.#turned(), TIMER_MS);
  }

  #closePair(): void {
    for (const conn of [this.#sender, this.#receiver]) {
      try {
        conn?.close();
      } catch {
        // Closed already.
      }
    }
    this.#sender = this.#receiver = undefined;
  }
}
