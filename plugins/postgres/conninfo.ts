import { StoreError } from "../../src/plugin_api/mod.ts";

/**
 * Connection parameters in libpq's two forms (its documentation, "Connection Strings"):
 * `host=db.example dbname=jobs` and `postgresql://user@db.example/jobs?sslmode=require`.
 * Texts of errors never repeat what was given: there may be a password in it.
 */
export type Conninfo = ReadonlyMap<string, string>;

/** Keywords that mean something here. */
const KEYWORDS: ReadonlySet<string> = new Set([
  "application_name",
  "dbname",
  "fallback_application_name",
  "host",
  "hostaddr",
  "options",
  "passfile",
  "password",
  "port",
  "sslcert",
  "sslkey",
  "sslmode",
  "sslpassword",
  "sslrootcert",
  "target_session_attrs",
  "user",
]);

/** Keywords of libpq that change nothing here: a store has its own way to watch and prepare a session. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  "client_encoding",
  "connect_timeout",
  "keepalives",
  "keepalives_count",
  "keepalives_idle",
  "keepalives_interval",
  "load_balance_hosts",
  "sslcompression",
  "sslsni",
  "tcp_user_timeout",
]);

/** Reads either form. `option` is the command-line option that errors name. Throws `INVALID_OPTION`. */
export function parseConninfo(text: string, option: string): Conninfo {
  const found = /^postgres(ql)?:\/\//.test(text) ? readUrl(text, option) : readPairs(text, option);
  const known = new Map<string, string>();
  for (const [keyword, value] of found) {
    if (KEYWORDS.has(keyword)) known.set(keyword, value);
    else if (!WITHOUT_EFFECT.has(keyword)) {
      throw refused(option, `"${keyword}" is none of the connection parameters that cogd knows`);
    }
  }
  return known;
}

/** `keyword = value` pairs. A value may stand in single quotes; a backslash takes the next character as it is. */
function readPairs(text: string, option: string): [string, string][] {
  const pairs: [string, string][] = [];
  let rest = text.trimStart();
  while (rest !== "") {
    const keyword = /^([^\s=]+)\s*=\s*/.exec(rest);
    if (keyword === null) {
      throw refused(option, `word ${pairs.length + 1} is not of the form keyword=value`);
    }
    rest = rest.slice(keyword[0].length);
    const value = /^'((?:[^'\\]|\\[^])*)'(?=\s|$)|^(?!')((?:[^\s\\]|\\[^])*)/.exec(rest);
    if (value === null) {
      throw refused(
        option,
        `the quotes of "${keyword[1]}" do not close; write \\' for a quote inside`,
      );
    }
    pairs.push([keyword[1]!, (value[1] ?? value[2]!).replace(/\\([^])/g, "$1")]);
    rest = rest.slice(value[0].length).trimStart();
  }
  return pairs;
}

/** `postgresql://[user[:password]@][host[:port],…][/dbname][?keyword=value&…]`. */
function readUrl(text: string, option: string): [string, string][] {
  const parts = /^postgres(?:ql)?:\/\/(?:([^@/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(
    text,
  );
  if (parts === null) throw refused(option, "it is not a PostgreSQL URL");
  const [, login = "", places = "", database = "", query = ""] = parts;
  const pairs: [string, string][] = [];
  const add = (keyword: string, value: string) => {
    if (value !== "") pairs.push([keyword, decoded(value, option)]);
  };
  const colon = login.indexOf(":");
  add("user", colon < 0 ? login : login.slice(0, colon));
  add("password", colon < 0 ? "" : login.slice(colon + 1));
  const hosts = places.split(",").map((place) => readPlace(place, option));
  add("host", hosts.map(({ host }) => host).join(","));
  if (hosts.some(({ port }) => port !== "")) add("port", hosts.map(({ port }) => port).join(","));
  add("dbname", database);
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    if (equals < 0) throw refused(option, "a parameter after the question mark has no value");
    const keyword = decoded(pair.slice(0, equals), option);
    const value = decoded(pair.slice(equals + 1), option);
    // What JDBC's URLs have, as libpq understands it.
    if (keyword === "ssl" && value === "true") pairs.push(["sslmode", "require"]);
    else pairs.push([keyword, value]);
  }
  return pairs;
}

function readPlace(place: string, option: string): { host: string; port: string } {
  const parts = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]*))?$/.exec(place);
  if (parts === null) throw refused(option, "it names a host or port that cannot be one");
  return { host: parts[1]!.replace(/^\[|\]$/g, ""), port: parts[2] ?? "" };
}

function decoded(text: string, option: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused(option, "a % is not followed by two hexadecimal digits; write %25 for %");
  }
}

function refused(option: string, reason: string): StoreError {
  return new StoreError("INVALID_OPTION", `Cannot use --${option}: ${reason}`);
}
