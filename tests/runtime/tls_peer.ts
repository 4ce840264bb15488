import { readFile } from "node:fs/promises";
import test from "node:test";
import type { Dial, ListenTls } from "../../src/runtime/mod.ts";
import { dialWithTls, makeCertificates, programMissing } from "../support/mod.ts";
import { withServer } from "./recorder.ts";

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
