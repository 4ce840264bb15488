import { Worker } from "node:worker_threads";
import { StoreError, type StoreHost } from "../../src/plugin_api/mod.ts";
import type { ExportProgress, LogLine, Reply, Request } from "./thread_messages.ts";

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: StoreError) => void;
}

/** The server's end of the store's thread. */
export class StoreThread {
  readonly #worker: Worker;
  readonly #host: StoreHost;
  readonly #waiting: Waiting[] = [];
  #failure: StoreError | null = null;
  /** Told how far an export is, in jobs. */
  onProgress: ((jobs: number) => void) | undefined;

  constructor(host: StoreHost) {
    this.#host = host;
    this.#worker = new Worker(threadAddress());
    this.#worker.on(
      "message",
      (message: Reply | LogLine | ExportProgress) => this.#receive(message),
    );
    this.#worker.on("error", (cause: unknown) => this.#fail(cause));
    this.#worker.on("exit", () => this.#fail(undefined));
  }

  /** Sends a request and waits for its reply. Rejects with the `StoreError` of the other side. */
  async ask(request: Request): Promise<Reply> {
    if (this.#failure !== null) throw this.#failure;
    const replied = new Promise<Reply>((resolve, reject) =>
      this.#waiting.push({ resolve, reject })
    );
    this.#worker.postMessage(request, request.kind === "commit" ? [request.batch] : []);
    const reply = await replied;
    if (reply.kind !== "refused") return reply;
    const { code, message, cause } = reply;
    throw new StoreError(code, message, cause === "" ? {} : { cause: new Error(cause) });
  }

  /** Ends the thread. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #receive(message: Reply | LogLine | ExportProgress): void {
    if (message.kind === "log") this.#host.log(message.level, message.line);
    else if (message.kind === "progress") this.onProgress?.(message.jobs);
    else this.#waiting.shift()?.resolve(message);
  }

  /** The thread is gone: whatever it was doing may or may not have reached the disk. */
  #fail(cause: unknown): void {
    this.#failure ??= new StoreError(
      "FAILED",
      "Cannot use the store: its thread has ended; restart the server",
      { cause },
    );
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

/**
 * Where the thread's module lies. An executable made by Bun holds all modules in one file, and finds
 * those with an entry of their own by their path from the project's folder.
 */
function threadAddress(): URL {
  const inBunExecutable = import.meta.url.includes("/$bunfs/");
  return new URL(inBunExecutable ? "./plugins/sqlite/thread.ts" : "./thread.ts", import.meta.url);
}
