import type { ByteString } from "../../protocol/mod.ts";
import { textForJson } from "../byte_text.ts";
import { Problem } from "../problem.ts";
import type { Role } from "../role.ts";

/** Who calls, and what that caller may do. */
export interface Identity {
  /** For whom bounds are counted and changes are logged: `token NAME`, or the peer's address. */
  readonly caller: string;
  /** Whether it has the role for this function; without a name, for any function at all. */
  allows(role: Role, functionName?: ByteString): boolean;
  /** Whether it has the role for every function there may be. */
  allowsAll(role: Role): boolean;
  /** Throws `unauthorized` or `forbidden` unless `allows`. */
  require(role: Role, functionName?: ByteString): void;
  /** Throws `unauthorized` or `forbidden` unless `allowsAll`. */
  requireAll(role: Role): void;
  /**
   * Calls `ended` once when the token that the caller came with counts no more, or is changed: within two
   * seconds of it. Answers how to stop listening. Null for callers without a token: nothing can be taken from
   * them.
   */
  readonly onWithdrawn: ((ended: () => void) => () => void) | null;
}

/** Roles that a role brings with it. */
export const ROLE_INCLUDES: Readonly<Record<Role, readonly Role[]>> = {
  submit: ["submit"],
  inspect: ["inspect"],
  operate: ["operate", "inspect"],
  admin: ["admin", "operate", "inspect", "submit", "metrics"],
  metrics: ["metrics"],
};

export const ROLES = Object.keys(ROLE_INCLUDES) as readonly Role[];

/** Where tokens are not asked for: the caller may do everything. */
export class TrustedIdentity implements Identity {
  readonly caller: string;
  readonly onWithdrawn = null;

  constructor(address: string) {
    this.caller = address;
  }

  allows(): boolean {
    return true;
  }

  allowsAll(): boolean {
    return true;
  }

  require(): void {}

  requireAll(): void {}
}

/** A caller without a token, where tokens are asked for. */
export class UnknownIdentity implements Identity {
  readonly caller: string;
  readonly onWithdrawn = null;
  readonly #problem: () => Problem;

  /** `problem`: what to answer when a role is needed. */
  constructor(address: string, problem: () => Problem = missingToken) {
    this.caller = address;
    this.#problem = problem;
  }

  allows(): boolean {
    return false;
  }

  allowsAll(): boolean {
    return false;
  }

  require(): void {
    throw this.#problem();
  }

  requireAll(): void {
    throw this.#problem();
  }
}

function missingToken(): Problem {
  return unauthorized("This needs a token: send the header `Authorization: Bearer TOKEN`");
}

/** The problem `unauthorized` with its challenge (RFC 6750). */
export function unauthorized(detail: string, error?: "invalid_token"): Problem {
  const challenge = error === undefined ? "" : `, error="${error}"`;
  return new Problem("unauthorized", detail, {
    headers: { "www-authenticate": `Bearer realm="cogd"${challenge}` },
  });
}

/** What a token allows: its roles, for the functions that its globs name. */
export class TokenIdentity implements Identity {
  readonly caller: string;
  readonly onWithdrawn: Identity["onWithdrawn"];
  readonly #name: string;
  readonly #roles: ReadonlySet<Role>;
  readonly #functions: FunctionGlobs;

  constructor(
    name: string,
    roles: readonly Role[],
    functions: FunctionGlobs,
    onWithdrawn: Identity["onWithdrawn"] = null,
  ) {
    this.caller = `token ${name}`;
    this.onWithdrawn = onWithdrawn;
    this.#name = name;
    this.#roles = new Set(roles.flatMap((role) => ROLE_INCLUDES[role]));
    this.#functions = functions;
  }

  allows(role: Role, functionName?: ByteString): boolean {
    return this.#roles.has(role) &&
      (functionName === undefined || this.#functions.match(functionName));
  }

  allowsAll(role: Role): boolean {
    return this.#roles.has(role) && this.#functions.all;
  }

  require(role: Role, functionName?: ByteString): void {
    if (this.allows(role, functionName)) return;
    const where = functionName === undefined
      ? ""
      : ` for the function "${textForJson(functionName)}"`;
    throw this.#forbidden(role, where, functionName);
  }

  requireAll(role: Role): void {
    if (!this.allowsAll(role)) throw this.#forbidden(role, " for all functions");
  }

  #forbidden(role: Role, where: string, functionName?: ByteString): Problem {
    return new Problem("forbidden", `The token "${this.#name}" lacks the role "${role}"${where}`, {
      ...(functionName === undefined ? {} : { function: functionName }),
      members: { role },
    });
  }
}

/** Function names with `*` (any bytes) and `?` (one byte). */
export class FunctionGlobs {
  readonly all: boolean;
  readonly #globs: readonly ByteString[];

  constructor(globs: readonly ByteString[]) {
    this.all = globs.includes("*");
    this.#globs = globs;
  }

  match(name: ByteString): boolean {
    return this.all || this.#globs.some((glob) => globMatches(glob, name));
  }
}

/**
 * Whether a glob fits a name as a whole. Goes back to the last star only, which is enough: callers send globs
 * too, and a regular expression with many stars would take longer than anybody lives.
 */
function globMatches(glob: ByteString, name: ByteString): boolean {
  let at = 0;
  let star = -1;
  let behindStar = 0;
  for (let done = 0; done < name.length;) {
    if (glob[at] === "*") {
      star = at++;
      behindStar = done;
    } else if (at < glob.length && (glob[at] === "?" || glob[at] === name[done])) {
      at++;
      done++;
    } else if (star >= 0) {
      at = star + 1;
      done = ++behindStar;
    } else {
      return false;
    }
  }
  while (glob[at] === "*") at++;
  return at === glob.length;
}
