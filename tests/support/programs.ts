import { spawnSync } from "node:child_process";
import process from "node:process";

/** Programs and extensions of other makers that some tests need, and how to see whether they work. */
const PROBES = {
  gearmand: ["gearmand", "--version"],
  gearman: ["gearman", "-H"],
  gearadmin: ["gearadmin", "--help"],
  php: ["php", "-r", "exit(extension_loaded('gearman') ? 0 : 1);"],
  perl: ["perl", "-MGearman::Client", "-MGearman::Worker", "-e", "1"],
  sqlite3: ["sqlite3", "-version"],
  curl: ["curl", "--version"],
  zsh: ["zsh", "-f", "-c", "zmodload zsh/zpty && autoload +X compinit"],
  fish: ["fish", "--version"],
  "systemd-analyze": ["systemd-analyze", "--version"],
  mariadbd: ["mariadbd", "--version"],
  openssl: ["openssl", "version"],
  "redis-server": ["redis-server", "--version"],
  // Debian keeps it outside the search path.
  postgres: ["sh", "-c", 'PATH="$PATH$(printf :%s /usr/lib/postgresql/*/bin)" postgres --version'],
} as const;

export type ProgramName = keyof typeof PROBES;

export const PROGRAM_NAMES = Object.keys(PROBES) as readonly ProgramName[];

/** Whether the program is there and works. */
export function programAvailable(name: ProgramName): boolean {
  const [command, ...args] = PROBES[name];
  const { status } = spawnSync(command, args, {
    stdio: "ignore",
    env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` },
  });
  return status === 0;
}

/**
 * Why the tests that need these programs cannot run here, or false: for the `skip` option of `test`.
 * The reason also goes to stderr, because test reporters leave it out.
 */
export function programMissing(...names: readonly ProgramName[]): string | false {
  const missing = names.find((name) => !programAvailable(name));
  if (missing === undefined) return false;
  const reason = `${missing} is not installed (or lacks its Gearman library)`;
  console.error(`skipped: ${reason}`);
  return reason;
}
