import type { LogLevel } from "../plugin_api/mod.ts";

/** What `--verbose` takes, from the least to the most talkative; their numbers are syslog's. */
export const VERBOSITIES = [
  "FATAL",
  "ALERT",
  "CRITICAL",
  "ERROR",
  "WARNING",
  "NOTICE",
  "INFO",
  "DEBUG",
] as const;

export type Verbosity = typeof VERBOSITIES[number];

export function isVerbosity(text: string): text is Verbosity {
  return VERBOSITIES.some((level) => level === text);
}

/** gearmand's words for a `--verbose` that is none, and what there is. */
export const UNKNOWN_VERBOSITY = "Invalid value for --verbose supplied (there are " +
  `${VERBOSITIES.join(", ")})`;

/** 0 (worst) to 7; also the severity that the system log uses. */
export function severityOf(level: Verbosity | LogLevel): number {
  return VERBOSITIES.indexOf(level);
}
