import { StoreError, type StoreUrl, valuesOfUrl } from "../../src/plugin_api/mod.ts";

/** What `--mysql-url` takes, with `?table=` and `?prefix=` for the options of these names. */
export const MYSQL_URL: StoreUrl = {
  schemes: ["mysql", "mariadb"],
  form: "mysql://USER@HOST:PORT/DATABASE",
  replaces: ["mysql-url", "mysql-host", "mysql-port", "mysql-socket", "mysql-user", "mysql-db"],
  passwordFile: "mysql-password-file",
  values: (url) => valuesOfUrl(url, "mysql-url", { table: "mysql-table", prefix: "mysql-prefix" }),
};

/** What a URL says. */
export interface UrlParts {
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: string | undefined;
  readonly socket?: string | undefined;
  readonly sslMode?: string | undefined;
}

/** The parts of the value of `--mysql-url`. Throws `INVALID_OPTION`, without repeating the URL. */
export function parseUrl(text: string | undefined): UrlParts {
  if (text === undefined) return {};
  const refused = (why: string) =>
    new StoreError("INVALID_OPTION", `Cannot use --mysql-url: ${why}`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused("it is not of the form mysql://USER:PASSWORD@HOST:PORT/DATABASE");
  }
  if (url.protocol !== "mysql:" && url.protocol !== "mariadb:") {
    throw refused("it does not begin with mysql:// or mariadb://");
  }
  const unknown = [...url.searchParams.keys()].find((k) => k !== "socket" && k !== "ssl-mode");
  if (unknown !== undefined) {
    throw refused(`it has a parameter "${unknown}"; known are socket and ssl-mode`);
  }
  try {
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, "$1") || undefined,
      port: url.port || undefined,
      user: decodeURIComponent(url.username) || undefined,
      password: decodeURIComponent(url.password) || undefined,
      database: decodeURIComponent(url.pathname.slice(1)) || undefined,
      socket: url.searchParams.get("socket") ?? undefined,
      sslMode: url.searchParams.get("ssl-mode") ?? undefined,
    };
  } catch {
    throw refused('a "%" in it does not begin an escaped byte');
  }
}
