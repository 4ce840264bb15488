import type { OptionSpec } from "./option_spec.ts";

const GROUP = "HTTP";
const CALLS = "HTTP calls";

/** The HTTP/JSON gateway. `http-port` and `protocol` are gearmand's. */
export const HTTP_OPTIONS: readonly OptionSpec[] = [
  {
    name: "http-listen",
    kind: "text",
    group: GROUP,
    valueName: "ADDRESS",
    help: "Name or address for HTTP; may be given several times. Default: 127.0.0.1. Others than " +
      "loopback ask for --http-tokens.",
    repeatable: true,
    own: true,
  },
  {
    name: "http-port",
    kind: "text",
    group: GROUP,
    valueName: "PORT",
    default: "8080",
    help: "Port of HTTP. If the default is in use, cogd serves without HTTP.",
  },
  {
    name: "http-ssl",
    kind: "switch",
    group: GROUP,
    help: "HTTPS, with the files of --ssl-certificate and --ssl-key.",
    own: true,
  },
  { name: "no-http", kind: "switch", group: GROUP, help: "No HTTP at all.", own: true },
  {
    name: "http-tokens",
    kind: "text",
    group: GROUP,
    valueName: "FILE",
    help: "Tokens that callers must have, made by `cogd token add`.",
    own: true,
  },
  {
    name: "http-insecure",
    kind: "switch",
    group: GROUP,
    help: "Without tokens on other addresses too: whoever reaches the port may do everything.",
    own: true,
  },
  {
    name: "http-host",
    kind: "text",
    group: GROUP,
    valueName: "NAME",
    help: "A further name under which it may be asked for; may be given several times.",
    repeatable: true,
    own: true,
  },
  {
    name: "http-shutdown",
    kind: "switch",
    group: GROUP,
    help: "POST /admin/shutdown may stop the server.",
    own: true,
  },
  {
    name: "http-timeout",
    kind: "count",
    group: CALLS,
    valueName: "SECONDS",
    default: "60",
    help: "How long a synchronous call waits for its job, unless it says otherwise.",
    own: true,
  },
  {
    name: "http-retain",
    kind: "count",
    group: CALLS,
    valueName: "SECONDS",
    default: "3600",
    help: "How long the outcome of a background job can be asked for; 0 is not at all.",
    own: true,
  },
  {
    name: "http-max-body",
    kind: "size",
    group: CALLS,
    valueName: "BYTES",
    default: "256M",
    help: "Largest body of a request.",
    own: true,
  },
  {
    name: "protocol",
    short: "r",
    kind: "text",
    group: CALLS,
    valueName: "NAME",
    help: "http: also take requests as gearmand's HTTP protocol did, POST /FUNCTION.",
  },
  {
    name: "http-compat",
    kind: "text",
    group: CALLS,
    valueName: "HOW",
    default: "sane",
    help: "With --protocol=http: sane, or strict to answer 200 whatever came of the job.",
    own: true,
  },
];
