import type { HttpPeer } from "../../http/mod.ts";
import { Problem } from "../problem.ts";
import { type Identity, TrustedIdentity, unauthorized, UnknownIdentity } from "./identity.ts";
import type { Tokens } from "./tokens.ts";

export interface TrustOptions {
  /** Null: everybody who reaches the port may do everything. */
  readonly tokens: Pick<Tokens, "find"> | null;
  /**
   * Names under which the gateway may be asked for, beside `localhost` and the loopback addresses; null:
   * any. Without tokens this is what keeps out a web page whose name was made to point here.
   */
  readonly hostNames: readonly string[] | null;
}

const READING = new Set(["GET", "HEAD", "OPTIONS"]);
const ALWAYS_OWN = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Decides who calls, and turns away what foreign web pages send. */
export class Trust {
  readonly #tokens: Pick<Tokens, "find"> | null;
  readonly #hostNames: ReadonlySet<string> | null;

  constructor({ tokens, hostNames }: TrustOptions) {
    this.#tokens = tokens;
    this.#hostNames = hostNames === null
      ? null
      : new Set(hostNames.map((name) => name.toLowerCase()));
  }

  /** Who calls. Throws `host-not-allowed` and `origin-not-allowed`; roles are asked for later. */
  admit(request: Request, peer: HttpPeer): Identity {
    const authority = authorityOf(request.url);
    this.#checkHost(authority);
    if (!READING.has(request.method)) this.#checkOrigin(request.headers, authority);
    return this.#identify(request.headers.get("authorization"), peer.remoteAddress);
  }

  #checkHost(authority: string): void {
    if (this.#hostNames === null || this.#isOwn(hostOf(authority))) return;
    const host = hostOf(authority);
    throw new Problem(
      "host-not-allowed",
      `Cannot serve under the name "${host}": start cogd with --http-host ${host} to allow it`,
    );
  }

  #isOwn(host: string): boolean {
    return ALWAYS_OWN.has(host) || this.#hostNames?.has(host) === true;
  }

  /** Browsers say where a request comes from; programs that are no browsers send neither header. */
  #checkOrigin(headers: Headers, authority: string): void {
    const site = headers.get("sec-fetch-site");
    const origin = headers.get("origin");
    const foreignSite = site !== null && site !== "same-origin" && site !== "none";
    const foreignOrigin = origin !== null && !this.#isSameOrigin(origin, authority);
    if (!foreignSite && !foreignOrigin) return;
    throw new Problem(
      "origin-not-allowed",
      `Cannot change anything for a page of ${origin ?? "another site"}: only pages of this ` +
        "server, or of a name given with --http-host, may",
    );
  }

  #isSameOrigin(origin: string, authority: string): boolean {
    const originAuthority = /^https?:\/\/([^/?#]+)$/i.exec(origin)?.[1]?.toLowerCase();
    if (originAuthority === undefined) return false;
    // Behind a proxy the name that the browser sees is one of --http-host.
    return originAuthority === authority || this.#hostNames?.has(hostOf(originAuthority)) === true;
  }

  #identify(authorization: string | null, address: string): Identity {
    if (this.#tokens === null) return new TrustedIdentity(address);
    if (authorization === null) return new UnknownIdentity(address);
    const token = /^bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
    if (token === undefined) {
      return new UnknownIdentity(
        address,
        () => unauthorized("The header Authorization holds no token: send `Bearer TOKEN`"),
      );
    }
    const found = this.#tokens.find(token);
    if (typeof found !== "string") return found;
    const what = found === "expired" ? "has expired" : "is not known";
    return new UnknownIdentity(address, () => unauthorized(`The token ${what}`, "invalid_token"));
  }
}

/** `host:port` of an absolute address, lower case. */
function authorityOf(url: string): string {
  const start = url.indexOf("//") + 2;
  const end = url.indexOf("/", start);
  return (end < 0 ? url.slice(start) : url.slice(start, end)).toLowerCase();
}

/** A name or address without its port. */
function hostOf(authority: string): string {
  return authority.replace(/:[0-9]*$/, "");
}
