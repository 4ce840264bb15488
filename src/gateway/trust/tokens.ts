import { byteStringFromText } from "../../protocol/mod.ts";
import { FunctionGlobs, type Identity, TokenIdentity } from "./identity.ts";
import { sameHash, type TokenEntry, tokenHash } from "./token_entry.ts";
import { TokenWaits, type TokenWaitsHost } from "./token_waits.ts";
import { fileState, readTokenFile } from "./token_file.ts";

/** Time between two looks at the file, milliseconds: a withdrawn token ends within it. */
const LOOK_EVERY_MS = 1000;

interface KnownToken {
  /** All that its entry says: another text is another token. */
  readonly entry: string;
  readonly hash: Uint8Array;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly identity: Identity;
}

export interface TokensHost extends TokenWaitsHost {
  /** Milliseconds since 1970. */
  now(): number;
  log(level: "ERROR" | "WARNING" | "NOTICE", text: string): void;
}

/** The tokens of a file, read anew when it changes. */
export class Tokens {
  readonly #path: string;
  readonly #host: TokensHost;
  readonly #waits: TokenWaits<KnownToken>;
  #known: readonly KnownToken[] = [];
  #mark: string | undefined;
  #lookedAt: number;

  /** Throws `TokenFileError` when the file cannot be used. */
  constructor(path: string, host: TokensHost) {
    this.#path = path;
    this.#host = host;
    this.#waits = new TokenWaits(host, (token) => this.#holds(token));
    this.#lookedAt = host.now();
    this.#mark = fileState(path)?.mark;
    this.#read();
  }

  /** Whose token it is. `expired` and `unknown` are told apart for the one who holds it. */
  find(token: string): Identity | "expired" | "unknown" {
    this.#look();
    const hash = tokenHash(token);
    let found: KnownToken | undefined;
    // No early end: the time must not tell how far a guess came.
    for (const known of this.#known) if (sameHash(known.hash, hash)) found = known;
    if (found === undefined) return "unknown";
    return found.expiresAt > this.#host.now() ? found.identity : "expired";
  }

  #holds({ entry, expiresAt }: KnownToken): boolean {
    this.#look();
    return expiresAt > this.#host.now() && this.#known.some((known) => known.entry === entry);
  }

  #look(): void {
    const now = this.#host.now();
    if (now - this.#lookedAt < LOOK_EVERY_MS && now >= this.#lookedAt) return;
    this.#lookedAt = now;
    try {
      const state = fileState(this.#path);
      if (state?.mark === this.#mark) return;
      this.#mark = state?.mark;
      if (state === undefined) this.#forgetAll();
      else {
        this.#read();
        this.#host.log(
          "NOTICE",
          `Token file ${this.#path} read anew: ${this.#known.length} tokens`,
        );
      }
    } catch (error) {
      // A file that was edited by hand and is wrong for a moment must not lock everybody out.
      this.#host.log("ERROR", `${(error as Error).message}; the tokens read before still count`);
    }
  }

  /** A file that is gone was taken away on purpose: `cogd token` never leaves a moment without it. */
  #forgetAll(): void {
    this.#known = [];
    this.#host.log("ERROR", `The token file ${this.#path} is gone: no token counts any more`);
  }

  #read(): void {
    const { tokens, warning } = readTokenFile(this.#path);
    if (warning !== undefined) this.#host.log("WARNING", warning);
    this.#known = tokens.map((entry) =>
      knownToken(entry, (token, ended) => this.#waits.add(token, ended))
    );
  }
}

/** `wait`: calls back when the token counts no more; answers how to cancel. */
function knownToken(
  entry: TokenEntry,
  wait: (token: KnownToken, ended: () => void) => () => void,
): KnownToken {
  const { name, sha256, roles, functions, expires } = entry;
  const globs = new FunctionGlobs(functions.map(byteStringFromText));
  const token: KnownToken = {
    entry: JSON.stringify(entry),
    hash: Uint8Array.from(sha256.match(/../g)!, (hex) => parseInt(hex, 16)),
    expiresAt: expires === null ? Infinity : Date.parse(expires),
    identity: new TokenIdentity(name, roles, globs, (ended) => wait(token, ended)),
  };
  return token;
}
