import type { ByteString } from "../../protocol/mod.ts";
import type { ConnectionView } from "../../server/mod.ts";
import { textForJson } from "../byte_text.ts";
import { timeText } from "../follow/mod.ts";
import { workerStateOf } from "../metrics/mod.ts";
import type { JsonSchema } from "../route.ts";

/** What every connection of the binary port shows. */
interface ConnectionJson {
  readonly id: number;
  readonly client_id: string;
  readonly address: string;
  readonly connected_at: string;
  readonly last_packet_at: string;
  readonly unsent_bytes: number;
}

export interface WorkerJson extends ConnectionJson {
  readonly state: ReturnType<typeof workerStateOf>;
  readonly draining: boolean;
  readonly functions: readonly {
    readonly function: string;
    readonly timeout_seconds: number | null;
  }[];
  readonly jobs: readonly {
    readonly handle: string;
    readonly function: string;
    readonly since: string | null;
  }[];
  readonly jobs_done: number;
  readonly jobs_failed: number;
}

export interface ClientJson extends ConnectionJson {
  readonly submitted: number;
  readonly waiting_for: number;
}

/** `maySee`: functions that the caller is not allowed to see are left out, and their jobs. */
export function workerJson(
  view: ConnectionView,
  maySee: (name: ByteString) => boolean,
): WorkerJson {
  return {
    ...connectionJson(view),
    state: workerStateOf(view),
    draining: view.draining,
    functions: view.functions.filter(({ name }) => maySee(name)).map(({ name, timeoutMs }) => ({
      function: textForJson(name),
      timeout_seconds: timeoutMs === 0 ? null : timeoutMs / 1000,
    })),
    jobs: view.running.filter(({ queue }) => maySee(queue.name)).map((job) => ({
      handle: textForJson(job.handle),
      function: textForJson(job.queue.name),
      since: job.assignedAt === null ? null : timeText(job.assignedAt),
    })),
    jobs_done: view.jobsDone,
    jobs_failed: view.jobsFailed,
  };
}

export function clientJson(view: ConnectionView): ClientJson {
  return {
    ...connectionJson(view),
    submitted: view.submitted,
    waiting_for: view.waitingFor,
  };
}

function connectionJson(view: ConnectionView): ConnectionJson {
  const { remoteAddress, remotePort } = view;
  return {
    id: view.number,
    client_id: textForJson(view.clientId),
    address: remoteAddress.includes(":")
      ? `[${remoteAddress}]:${remotePort}`
      : `${remoteAddress}:${remotePort}`,
    connected_at: timeText(view.connectedAt),
    last_packet_at: timeText(view.lastPacketAt),
    unsent_bytes: view.unsentBytes,
  };
}

const COUNT: JsonSchema = { type: "integer", minimum: 0 };
const TIME: JsonSchema = { type: "string", format: "date-time" };

const CONNECTION_PROPERTIES: Readonly<Record<string, JsonSchema>> = {
  id: { type: "integer", minimum: 1, description: "Number of the connection." },
  client_id: { type: "string", description: "What it called itself; `-` = nothing." },
  address: { type: "string" },
  connected_at: TIME,
  last_packet_at: TIME,
  unsent_bytes: { ...COUNT, description: "Bytes that it has not taken yet." },
};

const WORKER_PROPERTIES: Readonly<Record<string, JsonSchema>> = {
  ...CONNECTION_PROPERTIES,
  state: {
    type: "string",
    enum: ["idle", "busy", "sleeping", "draining"],
    description: "`sleeping`: it waits to be woken. `idle`: it has no job and will ask by itself.",
  },
  draining: { type: "boolean", description: "It gets no more jobs." },
  functions: {
    type: "array",
    items: {
      type: "object",
      additionalProperties: false,
      required: ["function", "timeout_seconds"],
      properties: {
        function: { type: "string" },
        timeout_seconds: { type: ["number", "null"], description: "For one job; null = any time." },
      },
    },
  },
  jobs: {
    type: "array",
    description: "What it runs at this moment.",
    items: {
      type: "object",
      additionalProperties: false,
      required: ["handle", "function", "since"],
      properties: {
        handle: { type: "string" },
        function: { type: "string" },
        since: { type: ["string", "null"], format: "date-time" },
      },
    },
  },
  jobs_done: COUNT,
  jobs_failed: COUNT,
};

const CLIENT_PROPERTIES: Readonly<Record<string, JsonSchema>> = {
  ...CONNECTION_PROPERTIES,
  submitted: { ...COUNT, description: "Its submissions that were taken." },
  waiting_for: { ...COUNT, description: "Jobs whose results it waits for." },
};

export const WORKER_SCHEMA: JsonSchema = {
  title: "Worker",
  type: "object",
  additionalProperties: false,
  required: Object.keys(WORKER_PROPERTIES),
  properties: WORKER_PROPERTIES,
};

export const CLIENT_SCHEMA: JsonSchema = {
  title: "Client",
  type: "object",
  additionalProperties: false,
  required: Object.keys(CLIENT_PROPERTIES),
  properties: CLIENT_PROPERTIES,
};

const CONNECTION_EXAMPLE: ConnectionJson = {
  id: 17,
  client_id: "resizer-1",
  address: "127.0.0.1:50412",
  connected_at: "2026-08-01T11:00:00.000Z",
  last_packet_at: "2026-08-01T12:00:00.250Z",
  unsent_bytes: 0,
};

export const WORKER_EXAMPLE: WorkerJson = {
  ...CONNECTION_EXAMPLE,
  state: "busy",
  draining: false,
  functions: [{ function: "resize", timeout_seconds: null }],
  jobs: [{ handle: "H:host:42", function: "resize", since: "2026-08-01T12:00:00.250Z" }],
  jobs_done: 411,
  jobs_failed: 2,
};

export const CLIENT_EXAMPLE: ClientJson = {
  ...CONNECTION_EXAMPLE,
  client_id: "-",
  submitted: 12,
  waiting_for: 1,
};
