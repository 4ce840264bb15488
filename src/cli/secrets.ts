/** Names whose values nobody may see, though the name itself was mistyped. */
const SOUNDS_SECRET = /^(-[^=]*(?:pas|secret|con+inf)[^=]*=).*$/is;
/** The password in a URL: it begins at the first colon behind the scheme and may hold an `@` itself. */
const URL_PASSWORD = /(:\/\/[^:@/\s]*:)(\S*)@/g;
/** Begins like a URL; then only the password in it is a secret. */
const URL = /^[a-z][a-z0-9+.-]*:/i;

/** A word of a command line without what nobody may see: passwords in URLs, values whose option sounds secret. */
export function withoutSecrets(word: string): string {
  return word.replace(SOUNDS_SECRET, "$1…").replace(URL_PASSWORD, "$1…@");
}

/** What must not be seen of the value of an option that holds a secret: all of it, or the passwords in a URL. */
export function secretParts(value: string): string[] {
  if (!URL.test(value)) return [value];
  return [...value.matchAll(URL_PASSWORD)].map(([, , password]) => password!);
}
