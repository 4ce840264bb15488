import { DEFAULT_LIMITS } from "../core/mod.ts";
import type { OptionSpec } from "./option_spec.ts";

const MIB = 1024 * 1024;

/** Where it listens. */
const LISTENING: readonly OptionSpec[] = [
  {
    name: "port",
    short: "p",
    kind: "text",
    group: "Listening",
    valueName: "PORT",
    default: "4730",
    help: "Number or service name. The variable GEARMAND_PORT replaces 4730.",
  },
  {
    name: "listen",
    short: "L",
    kind: "text",
    group: "Listening",
    valueName: "ADDRESS",
    help: "Name or address, IPv4 or IPv6; may be given several times. Default: all addresses.",
    repeatable: true,
  },
  {
    name: "backlog",
    short: "b",
    kind: "int32",
    group: "Listening",
    valueName: "N",
    default: "1024",
    help: "Connections that may wait to be accepted.",
  },
];

/** TLS on the binary port; HTTP has it by `http-ssl`. All but the last are gearmand's. */
const TLS: readonly OptionSpec[] = [
  {
    name: "ssl",
    kind: "switch",
    group: "TLS",
    help: "TLS on the binary port: nobody is served without.",
  },
  {
    name: "ssl-certificate",
    kind: "text",
    group: "TLS",
    valueName: "FILE",
    help:
      "Certificate and those that lead to its authority, PEM. The variable GEARMAND_SERVER_PEM " +
      "replaces it. Default: /etc/ssl/certs/gearmand.pem.",
  },
  {
    name: "ssl-key",
    kind: "text",
    group: "TLS",
    valueName: "FILE",
    help: "Its key, PEM. The variable GEARMAND_SERVER_KEY replaces it. Default: " +
      "/etc/ssl/certs/gearmand.key.",
  },
  {
    name: "ssl-ca-file",
    kind: "text",
    group: "TLS",
    valueName: "FILE",
    help: "Authority of the clients' certificates, PEM. The variable GEARMAND_CA_CERTIFICATE " +
      "replaces it. Default: /etc/ssl/certs/gearmand-ca.pem.",
  },
  {
    name: "ssl-verify-client",
    kind: "switch",
    group: "TLS",
    help: "Serve only clients with a certificate by the authority of --ssl-ca-file.",
    own: true,
  },
];

/** What one connection may use. */
const CONNECTIONS: readonly OptionSpec[] = [
  {
    name: "max-connections",
    kind: "count",
    group: "Connections",
    valueName: "N",
    default: String(DEFAULT_LIMITS.maxConnections),
    help: "Connections open at once; 0 is as many as there are descriptors.",
    own: true,
  },
  {
    name: "max-packet",
    kind: "size",
    group: "Connections",
    valueName: "BYTES",
    default: `${DEFAULT_LIMITS.maxPacketBytes / MIB}M`,
    help: "Largest packet taken from a peer.",
    own: true,
  },
  {
    name: "send-buffer",
    kind: "size",
    group: "Connections",
    valueName: "BYTES",
    default: `${DEFAULT_LIMITS.maxSendBytes / MIB}M`,
    help: "A peer that leaves more than this unread is cut off.",
    own: true,
  },
  {
    name: "keepalive",
    kind: "switch",
    group: "Connections",
    help: "Accepted: TCP keep-alive is always on.",
  },
  {
    name: "keepalive-idle",
    kind: "int32",
    group: "Connections",
    valueName: "SECONDS",
    default: "60",
    help: "Silence before the first probe; -1 is the system's value.",
  },
  {
    name: "keepalive-interval",
    kind: "int32",
    group: "Connections",
    valueName: "SECONDS",
    default: "10",
    help: "Time between probes; -1 is the system's value.",
  },
  {
    name: "keepalive-count",
    kind: "int32",
    group: "Connections",
    valueName: "N",
    default: "5",
    help: "Probes without an answer before a peer counts as gone; -1 is the system's value.",
  },
];

/** How jobs are treated. */
const JOBS: readonly OptionSpec[] = [
  {
    name: "job-retries",
    short: "j",
    kind: "int32",
    group: "Jobs",
    valueName: "N",
    default: "-1",
    help: "How often a job may be handed out before it fails: -1 without limit, 0 once, up to 255.",
  },
  {
    name: "worker-wakeup",
    short: "w",
    kind: "uint32",
    group: "Jobs",
    valueName: "N",
    help: "Sleeping workers woken for each new job, 0 is all. Default: as many as there are jobs.",
  },
  {
    name: "round-robin",
    short: "R",
    kind: "switch",
    group: "Jobs",
    help: "Accepted: a worker's functions always take turns.",
  },
  {
    name: "exceptions",
    kind: "switch",
    group: "Jobs",
    help: "Send WORK_EXCEPTION to clients that did not ask for it, too.",
  },
  {
    name: "job-handle-prefix",
    kind: "text",
    group: "Jobs",
    valueName: "TEXT",
    help: "What job handles begin with. Default: H: and the name of this machine.",
  },
  {
    name: "hashtable-buckets",
    kind: "uint32",
    group: "Jobs",
    valueName: "N",
    default: "991",
    help: "Accepted: tables grow by themselves.",
  },
  {
    name: "threads",
    short: "t",
    kind: "uint32",
    group: "Jobs",
    valueName: "N",
    default: "4",
    help: "Accepted: one thread does the work of gearmand's.",
  },
];

/** Where background jobs are kept. */
const QUEUE: readonly OptionSpec[] = [
  {
    name: "queue-type",
    short: "q",
    kind: "text",
    group: "Queue",
    valueName: "NAME",
    default: "sqlite",
    help: "Where background jobs are kept; builtin is memory only.",
  },
  {
    name: "queue",
    kind: "secret",
    group: "Queue",
    valueName: "URL",
    help:
      "The same with all that belongs to it, in one: sqlite:///PATH, mysql://USER@HOST/DATABASE, " +
      "redis://HOST, postgres://USER@HOST/DATABASE, memory:. Instead of --queue-type.",
    own: true,
  },
  {
    name: "queue-password-file",
    kind: "text",
    group: "Queue",
    valueName: "FILE",
    help: "File whose first line is the password for the database of --queue.",
    own: true,
  },
  {
    name: "queue-plugin",
    kind: "text",
    group: "Queue",
    valueName: "FILE",
    help:
      "Module with a queue type of your own (.js or .ts), which is used unless --queue-type or " +
      "--queue says otherwise.",
    own: true,
  },
  {
    name: "data-dir",
    kind: "text",
    group: "Queue",
    valueName: "FOLDER",
    help: "Default: /var/lib/cogd for root, else cogd in $XDG_STATE_HOME or ~/.local/state.",
    own: true,
  },
  {
    name: "store-wait",
    kind: "count",
    group: "Queue",
    valueName: "SECONDS",
    default: String(DEFAULT_LIMITS.storeWaitMs / 1000),
    help: "How long a background job may wait for a queue that is away before it is refused.",
    own: true,
  },
  {
    name: "namespace",
    kind: "text",
    group: "Queue",
    valueName: "NAME",
    help: "Keeps the jobs of several servers in one database apart.",
    own: true,
  },
];

/** Options of the server itself, in the order of the help. */
export const SERVER_OPTIONS: readonly OptionSpec[] = [
  ...LISTENING,
  ...TLS,
  ...CONNECTIONS,
  ...JOBS,
  ...QUEUE,
];
