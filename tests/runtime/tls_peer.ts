import { readFile } from "node:fs/promises";
import test from "node:test";
import type { Dial, ListenTls } from "../../src/runtime/mod.ts";
import {
  deadline,
  dialWithTls,
  makeCertificates,
  PATIENCE_MS,
  programMissing,
} from "../support/mod.ts";
import { type RecordingServer, withServer } from "./recorder.ts";

/** What a test's peers and listeners need for TLS. Texts in PEM form. */
export interface TlsTexts {
  readonly authority: string;
  readonly server: { readonly certificate: string; readonly key: string };
  /** By the same authority. */
  readonly client: { readonly certificate: string; readonly key: string };
  /** By nobody that anybody trusts. */
  readonly stranger: { readonly certificate: string; readonly key: string };
}

let made: Promise<TlsTexts> | undefined;

/** Made once for all tests of a file. */
export function tlsTexts(): Promise<TlsTexts> {
  return made ??= makeTexts();
}

async function makeTexts(): Promise<TlsTexts> {
  await using certificates = await makeCertificates();
  const pair = async ({ cert, key }: { cert: string; key: string }) => ({
    certificate: await readFile(cert, "utf8"),
    key: await readFile(key, "utf8"),
  });
  return {
    authority: await readFile(certificates.ca.cert, "utf8"),
    server: await pair(certificates.server),
    client: await pair(certificates.client),
    stranger: await pair(certificates.otherCa),
  };
}

/** TLS for a listener; `refused` gets each peer that was. */
export async function listenTls(
  refused: (peer: string, cause: unknown) => void = () => {},
): Promise<ListenTls> {
  const { server } = await tlsTexts();
  return { ...server, handshakeMs: 60_000, maxHandshakes: 1000, refused };
}

/** Connects with TLS to a server whose certificate is for `localhost`. */
export async function tlsDial(): Promise<Dial> {
  return dialWithTls((await tlsTexts()).authority);
}

/** Notes who was refused, and why; `next` waits for one more. */
export class Refusals {
  readonly causes: unknown[] = [];
  readonly peers: string[] = [];
  #next = Promise.withResolvers<void>();

  readonly refused = (peer: string, cause: unknown): void => {
    this.peers.push(peer);
    this.causes.push(cause);
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  };

  next(): Promise<void> {
    return deadline(this.#next.promise, PATIENCE_MS, "a refusal");
  }

  get codes(): unknown[] {
    return this.causes.map((cause) => (cause as { code?: unknown }).code);
  }
}

/** A server with TLS, whose limits may be other ones, and who was refused by it. */
export async function withTlsServer(
  body: (server: RecordingServer, refusals: Refusals) => Promise<void>,
  limits: Partial<ListenTls> = {},
  hostname = "127.0.0.1",
): Promise<void> {
  const refusals = new Refusals();
  const tls = { ...await listenTls(refusals.refused), ...limits };
  await withServer(
    (server) => body(server, refusals),
    { hostname, tls },
    undefined,
    await tlsDial(),
  );
}

/** A test of what holds for connections of every kind: with TLS, too. */
export function testOverEach(
  name: string,
  body: (withServer_: typeof withServer) => Promise<void>,
): void {
  test(name, () => body(withServer));
  test(`${name} (TLS)`, { skip: programMissing("openssl") }, async () => {
    const tls = await listenTls();
    const dialPeer = await tlsDial();
    await body((inner, options, prepare) =>
      withServer(inner, { ...options, tls }, prepare, dialPeer)
    );
  });
}
