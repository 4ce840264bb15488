/** The store's thread: everything that waits for the disk happens here. */

import { parentPort } from "node:worker_threads";
import { StoreError, type StoreHost } from "../../src/plugin_api/mod.ts";
import { QueueFile } from "./queue_file.ts";
import type { ExportProgress, LogLine, Reply, Request } from "./thread_messages.ts";

if (parentPort === null) throw new Error("Cannot run the store: this file is the code of a thread");
const port = parentPort;

let file: QueueFile | null = null;

function serve(request: Request): Reply {
  switch (request.kind) {
    case "open":
      file = QueueFile.open(request.settings, hostOf(request));
      return { kind: "done" };
    case "commit":
      opened().commit(request.batch);
      return { kind: "committed", figures: opened().figures };
    case "page":
      return { kind: "page", page: opened().nextPage() };
    case "export":
      return {
        kind: "exported",
        outcome: opened().exportToGearmand({ ...request.plan, progress: tellProgress }),
      };
    case "close":
      file?.close();
      file = null;
      return { kind: "done" };
  }
}

function opened(): QueueFile {
  if (file !== null) return file;
  throw new StoreError("CLOSED", "Cannot use the store: it is closed");
}

function hostOf(request: Request & { kind: "open" }): StoreHost {
  return {
    log: (level, line) => port.postMessage({ kind: "log", level, line } satisfies LogLine),
    now: () => Date.now(),
    namespace: request.namespace,
    handlePrefix: request.handlePrefix,
  };
}

function tellProgress(jobs: number): void {
  port.postMessage({ kind: "progress", jobs } satisfies ExportProgress);
}

function refusal(error: unknown): Reply {
  if (!(error instanceof StoreError)) {
    return { kind: "refused", code: "FAILED", message: `Cannot go on: ${error}`, cause: "" };
  }
  const { code, message, cause } = error;
  return { kind: "refused", code, message, cause: cause === undefined ? "" : String(cause) };
}

port.on("message", (request: Request) => {
  let reply: Reply;
  try {
    reply = serve(request);
  } catch (error) {
    reply = refusal(error);
  }
  const transfer = reply.kind === "page" && reply.page !== null ? [reply.page] : [];
  port.postMessage(reply, transfer);
  file?.tidy();
});
