import { readFileSync, statSync } from "node:fs";

/** What a password is looked up for. */
export interface PasswordPlace {
  /** Name or address; a folder for a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/**
 * The password that libpq's password file has for this place (its documentation, "The Password File"):
 * lines `host:port:database:user:password`, `*` for anything, a backslash before `:` and `\`; the first
 * line that fits counts. Null when there is no such file or line. As libpq, a file that others may read is
 * passed over, with a line for the log.
 */
export function passwordFrom(
  path: string,
  place: PasswordPlace,
  warn: (text: string) => void,
): string | null {
  let text: string;
  try {
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0) {
      warn(`Left the password file "${path}" unread: others may read it; run chmod 0600 on it`);
      return null;
    }
    text = readFileSync(path, "utf8");
  } catch {
    return null;
  }
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const [host, port, database, user, password] = fieldsOf(line);
    if (password === undefined) continue;
    const hosts = place.host.startsWith("/") ? [place.host, "localhost"] : [place.host];
    const fits = (host === "*" || hosts.includes(host!)) &&
      (port === "*" || port === String(place.port)) &&
      (database === "*" || database === place.database) &&
      (user === "*" || user === place.user);
    if (fits) return password;
  }
  return null;
}

function fieldsOf(line: string): string[] {
  const fields = line.match(/(?:^|:)(?:\\[^]|[^:\\])*/g) ?? [];
  return fields.map((field) => field.replace(/^:/, "").replace(/\\([^])/g, "$1"));
}
