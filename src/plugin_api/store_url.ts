import { StoreError } from "./store_error.ts";

/** How `--queue URL` reaches a queue type. */
export interface StoreUrl {
  /** What its URLs begin with, without the colon, lower case: `mysql`. */
  readonly schemes: readonly string[];
  /** An example for help and messages: `mysql://USER@HOST:PORT/DATABASE`. */
  readonly form: string;
  /** Options that say what the URL says: they must not be given beside it. */
  readonly replaces: readonly string[];
  /** Its option that names a file with the password, where it has passwords. */
  readonly passwordFile?: string;
  /**
   * The options that the URL stands for, with their values. Throws `INVALID_OPTION`; the text must not
   * repeat the URL, which may hold a password.
   */
  values(url: string): ReadonlyMap<string, string>;
}

/**
 * The URL without those query parameters that stand for options (`?table=jobs`), as the value of
 * `urlOption`, and these options with their values. `parameters`: names of options by parameter.
 */
export function valuesOfUrl(
  url: string,
  urlOption: string,
  parameters: Readonly<Record<string, string>> = {},
): Map<string, string> {
  const values = new Map<string, string>();
  const [address, query] = cutAt(url, "?");
  const others: string[] = [];
  for (const pair of query.split("&")) {
    const [name, value] = cutAt(pair, "=");
    const option = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (option === undefined) others.push(pair);
    else values.set(option, decodeUrlPart(value));
  }
  const rest = others.join("&");
  values.set(urlOption, rest === "" ? address : `${address}?${rest}`);
  return values;
}

/** A part of a URL with `%XX` resolved, as UTF-8. Throws `INVALID_OPTION`. */
export function decodeUrlPart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new StoreError(
      "INVALID_OPTION",
      "Cannot use --queue: a % is not followed by two hexadecimal digits; write %25 for %",
    );
  }
}

function cutAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
