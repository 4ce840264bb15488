import type { OptionSpec } from "./option_spec.ts";

/** How the process runs. */
export const PROCESS_OPTIONS: readonly OptionSpec[] = [
  { name: "help", short: "h", kind: "switch", group: "Process", help: "Print this help." },
  { name: "version", short: "V", kind: "switch", group: "Process", help: "Print the version." },
  {
    name: "config-file",
    kind: "text",
    group: "Process",
    valueName: "FILE",
    help: "More options, written like this command line. Default: /etc/cogd.conf or " +
      "/etc/gearmand.conf, if there is one.",
  },
  {
    name: "daemon",
    short: "d",
    kind: "switch",
    group: "Process",
    help: "Run in the background; returns once it is listening.",
  },
  {
    name: "user",
    short: "u",
    kind: "text",
    group: "Process",
    valueName: "NAME",
    help: "Change to this user after the start (root only).",
  },
  {
    name: "pid-file",
    short: "P",
    kind: "text",
    group: "Process",
    valueName: "FILE",
    help: "Write the process ID there.",
  },
  {
    name: "file-descriptors",
    short: "f",
    kind: "uint64",
    group: "Process",
    valueName: "N",
    help: "Descriptors the process may open. Default: what the system allows.",
  },
  {
    name: "log-file",
    short: "l",
    kind: "text",
    group: "Log",
    valueName: "FILE",
    help: "A file, stderr or none. Default: stderr; with --daemon cogd.log in the data folder.",
  },
  {
    name: "verbose",
    kind: "text",
    group: "Log",
    valueName: "LEVEL",
    default: "ERROR",
    help: "FATAL, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFO or DEBUG.",
  },
  {
    name: "syslog",
    kind: "switch",
    group: "Log",
    help: "Log to the system log, too.",
  },
  {
    name: "coredump",
    kind: "switch",
    group: "Process",
    help: "Accepted: crashes are left to the system.",
  },
  {
    name: "check-args",
    kind: "switch",
    group: "Process",
    help: "Check the command line and the configuration file, then exit.",
    hidden: true,
    commandLineOnly: true,
  },
];
