import { deadline, PATIENCE_MS } from "../support/mod.ts";
import {
  type Connection,
  type ConnectionHandler,
  type Dial,
  dial,
  listen,
  type Listener,
  type ListenOptions,
} from "../../src/runtime/mod.ts";

export const LOOPBACK: ListenOptions = {
  hostname: "127.0.0.1",
  port: 0,
  backlog: 1024,
  keepAlive: { enabled: true },
};

/** A handler that notes what it is told, and does more where a test says so. */
export class Recorder implements ConnectionHandler {
  readonly connection: Connection;
  /** `data`, `drained`, `ended`, `closed`, in the order in which they came. Data once per run. */
  readonly events: string[] = [];
  /** Bytes received. */
  size = 0;
  cause: unknown;
  onData: (bytes: Uint8Array) => void = () => {};
  onEnded: () => void = () => {};
  onDrained: () => void = () => {};
  readonly #chunks: Uint8Array[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(connection: Connection) {
    this.connection = connection;
  }

  data(bytes: Uint8Array): void {
    this.size += bytes.length;
    this.#chunks.push(bytes.slice());
    if (this.events.at(-1) !== "data") this.events.push("data");
    this.onData(bytes);
    this.#notify();
  }
  drained(): void {
    this.#note("drained");
    this.onDrained();
  }
  ended(): void {
    this.#note("ended");
    this.onEnded();
  }
  closed(cause: unknown): void {
    this.cause = cause;
    this.#note("closed");
  }

  /** All that was received so far, and forgets it. */
  take(): Uint8Array {
    const all = new Uint8Array(this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of this.#chunks.splice(0)) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  text(): string {
    return new TextDecoder().decode(this.take());
  }

  async until(holds: (self: Recorder) => boolean, what: string): Promise<void> {
    let watcher = () => {};
    const came = new Promise<void>((resolve) => {
      watcher = () => holds(this) && resolve();
    });
    this.#watchers.add(watcher);
    watcher();
    try {
      await deadline(came, PATIENCE_MS, what, () => `${this.events.join(" ")}, ${this.size} bytes`);
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  received(size: number): Promise<void> {
    return this.until((self) => self.size >= size, `${size} bytes`);
  }

  event(name: "data" | "drained" | "ended" | "closed"): Promise<void> {
    return this.until(({ events }) => events.includes(name), name);
  }

  #note(event: string): void {
    this.events.push(event);
    this.#notify();
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** A listener whose connections are recorded. */
export class RecordingServer {
  readonly listener: Listener;
  readonly accepted: Recorder[];
  readonly #arrivals: Array<(recorder: Recorder) => void>;
  readonly #dial: Dial;

  constructor(
    listener: Listener,
    accepted: Recorder[],
    arrivals: Array<(recorder: Recorder) => void>,
    dialPeer: Dial,
  ) {
    this.listener = listener;
    this.accepted = accepted;
    this.#arrivals = arrivals;
    this.#dial = dialPeer;
  }

  static async open(
    options: Partial<ListenOptions> = {},
    prepare: (recorder: Recorder) => void = () => {},
    dialPeer: Dial = dial,
  ): Promise<RecordingServer> {
    const accepted: Recorder[] = [];
    const arrivals: Array<(recorder: Recorder) => void> = [];
    const listener = await listen({ ...LOOPBACK, ...options }, {
      connection(connection) {
        const recorder = new Recorder(connection);
        prepare(recorder);
        accepted.push(recorder);
        arrivals.shift()?.(recorder);
        return recorder;
      },
      acceptFailed(cause) {
        throw cause;
      },
      acceptResumed() {},
    });
    return new RecordingServer(listener, accepted, arrivals, dialPeer);
  }

  get port(): number {
    return this.listener.address.port;
  }

  /** Connects and answers the peer's end and the server's. */
  async pair(hostname = "127.0.0.1"): Promise<{ peer: Recorder; own: Recorder }> {
    const arrival = new Promise<Recorder>((resolve) => this.#arrivals.push(resolve));
    let peer: Recorder | undefined;
    await this.#dial(
      { hostname, port: this.port },
      (connection) => peer = new Recorder(connection),
    );
    return { peer: peer!, own: await deadline(arrival, PATIENCE_MS, "an accepted connection") };
  }

  /** The next connection that is made by other means. */
  next(): Promise<Recorder> {
    const arrival = new Promise<Recorder>((resolve) => this.#arrivals.push(resolve));
    return deadline(arrival, PATIENCE_MS, "an accepted connection");
  }

  /** Stops listening and ends every accepted connection. */
  async close(): Promise<void> {
    await this.listener.close();
    for (const recorder of this.accepted) recorder.connection.destroy();
    for (const recorder of this.accepted) await recorder.event("closed");
  }
}

/** Runs a test's body with a server of its own, closed in the end. */
export async function withServer(
  body: (server: RecordingServer) => Promise<void>,
  options: Partial<ListenOptions> = {},
  prepare?: (recorder: Recorder) => void,
  dialPeer?: Dial,
): Promise<void> {
  const server = await RecordingServer.open(options, prepare, dialPeer);
  try {
    await body(server);
  } finally {
    await server.close();
  }
}

/** Bytes that differ everywhere, the same for the same seed. */
export function noise(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A turn of the event loop: everything that was about to be called back is. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
