import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { GearmanError } from "./errors.ts";

/**
 * How a connection is encrypted. The server's certificate is always checked: whether a trusted authority
 * has signed it, whether it is still valid, and whether it names the server.
 */
export interface TlsOptions {
  /**
   * Certificates to trust, PEM: those of authorities, or a server's own self-signed one. Default: the
   * authorities that the runtime trusts. (Deno 2.6 trusts those beside `ca`, too.)
   */
  readonly ca?: string | Uint8Array;
  /** This side's certificate, with those between it and its authority, PEM. Needs `key`. */
  readonly certificate?: string | Uint8Array;
  /** Private key of `certificate`, PEM, without a passphrase. */
  readonly key?: string | Uint8Array;
  /** Name that the server's certificate must have. Default: the host of the server's address. */
  readonly serverName?: string;
}

/** Refuses options that could never work, before there is a connection. @throws {GearmanError} `INVALID_ARGUMENT` */
export function checkTlsOptions({ ca, certificate, key, serverName }: TlsOptions): void {
  if (serverName !== undefined && (serverName === "" || isIP(serverName) !== 0)) {
    throw refused(`serverName "${serverName}" is not a name`);
  }
  if (ca !== undefined) readCertificates(ca, "ca");
  if ((certificate === undefined) !== (key === undefined)) {
    throw refused("certificate and key go together");
  }
  if (certificate === undefined || key === undefined) return;
  const [own] = readCertificates(certificate, "certificate");
  if (!fits(own!, key)) throw refused("key is not that of certificate");
}

function fits(certificate: X509Certificate, key: string | Uint8Array): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(textOf(key)));
  } catch (cause) {
    // Deno 2.6 cannot check it: the handshake will tell.
    if ((cause as NodeJS.ErrnoException).code === "ERR_NOT_IMPLEMENTED") return true;
    throw refused("key is not a private key as PEM", cause);
  }
}

/**
 * Whether these first bytes of a server are a TLS alert (RFC 8446, 5.1): the answer of one that expects TLS
 * to somebody who does not speak it.
 */
export function isTlsAlert(bytes: Uint8Array): boolean {
  return bytes[0] === 0x15 && bytes[1] === 0x03;
}

/** PEM as text: it is ASCII. */
export function textOf(pem: string | Uint8Array): string {
  return typeof pem === "string" ? pem : new TextDecoder().decode(pem);
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function readCertificates(pem: string | Uint8Array, what: string): X509Certificate[] {
  const blocks = textOf(pem).match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw refused(`${what} has no certificate as PEM`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw refused(`${what} has a certificate that cannot be read`, cause);
  }
}

function refused(why: string, cause?: unknown): GearmanError {
  return new GearmanError("INVALID_ARGUMENT", `Cannot use these TLS options: ${why}`, { cause });
}
