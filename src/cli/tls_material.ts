import { Buffer } from "node:buffer";
import { createPublicKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { TlsMaterial } from "../runtime/mod.ts";
import { CliError, reasonOf } from "./cli_error.ts";
import type { TlsConfig, TlsFile } from "./tls_config.ts";

/** Texts of files that belong together and can be used now. */
export interface CheckedMaterial extends TlsMaterial {
  /** Whose certificate it is, `CN=gearman.example` say. */
  readonly subject: string;
  /** When the certificate ends, milliseconds since 1970. */
  readonly expiresAt: number;
  /** What an operator should know though it works. */
  readonly warnings: readonly string[];
}

/** Permission bits of everybody who is neither the owner nor in the group. */
const OTHERS = 0o007;

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const KEY = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]+?-----END \1-----/;

/** Reads and checks the files. Throws `CliError` (`TLS_FILES`) that says which file is wrong, and why. */
export function readTlsMaterial(config: TlsConfig, now: number): CheckedMaterial {
  const certificate = readCertificates(config.certificate);
  const parsed = parseCertificate(config.certificate, certificate);
  const expiresAt = checkTime(config.certificate, parsed, now);
  const key = readKey(config.key);
  checkKey(config, parsed, key);
  const authority = config.authority === undefined ? undefined : readCertificates(config.authority);
  if (authority !== undefined) {
    checkTime(config.authority!, parseCertificate(config.authority!, authority), now);
  }
  return {
    certificate,
    key,
    ...(config.verifiesClients ? { clientAuthority: authority } : {}),
    subject: parsed.subject.replaceAll("\n", ", "),
    expiresAt,
    warnings: isOpenToOthers(config.key)
      ? [`Everybody on this machine can read or change the TLS key ${config.key.path}: chmod 640`]
      : [],
  };
}

/** The certificates in a file, which may hold a key and explanations beside them. */
function readCertificates(file: TlsFile): string {
  const found = readText(file).match(CERTIFICATES);
  if (found === null) throw unusable(file, "it holds no certificate in PEM form");
  return `${found.join("\n")}\n`;
}

function readKey(file: TlsFile): string {
  const [key] = KEY.exec(readText(file)) ?? [];
  if (key === undefined) throw unusable(file, "it holds no private key in PEM form");
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(key)) {
    throw unusable(file, "it is locked with a passphrase, which nobody could type at a start");
  }
  return `${key}\n`;
}

function readText(file: TlsFile): string {
  try {
    return readFileSync(file.path, "utf8");
  } catch (cause) {
    throw unusable(file, systemReason(cause), cause);
  }
}

/** The first one, which is that of the server. */
function parseCertificate(file: TlsFile, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw unusable(file, `its certificate cannot be read (${reasonOf(cause)})`, cause);
  }
}

/** Answers when it ends, milliseconds since 1970. */
function checkTime(file: TlsFile, { validFrom, validTo }: X509Certificate, now: number): number {
  const [begin, end] = [Date.parse(validFrom), Date.parse(validTo)];
  if (now >= end) throw unusable(file, `its certificate has expired on ${timeText(end)}`);
  if (now < begin) {
    throw unusable(file, `its certificate is not valid before ${timeText(begin)}`);
  }
  return end;
}

function checkKey({ certificate, key }: TlsConfig, parsed: X509Certificate, text: string): void {
  let own: Uint8Array;
  try {
    own = createPublicKey(text).export({ type: "spki", format: "der" });
  } catch (cause) {
    // The reason may quote what it could not read.
    throw unusable(key, "its private key cannot be read", cause);
  }
  const certified = publicKeyOf(parsed);
  if (certified !== undefined && Buffer.compare(own, certified) !== 0) {
    throw unusable(key, `it does not belong to the certificate in ${certificate.path}`);
  }
}

/** Undefined where the runtime does not know the kind of key: it then compares when it listens. */
function publicKeyOf(certificate: X509Certificate): Uint8Array | undefined {
  try {
    return certificate.publicKey.export({ type: "spki", format: "der" });
  } catch {
    return undefined;
  }
}

function isOpenToOthers({ path }: TlsFile): boolean {
  return (statSync(path).mode & OTHERS) !== 0;
}

function unusable(
  { path, namedBy, defaultOf }: TlsFile,
  why: string,
  cause?: unknown,
): CliError {
  const hint = defaultOf === undefined ? "" : `; name another with ${defaultOf}`;
  return new CliError(
    "TLS_FILES",
    `Cannot use ${path} (${namedBy}) for TLS: ${why}${hint}`,
    { cause },
  );
}

function systemReason(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "cogd may not read it";
  return reasonOf(cause);
}

/** As RFC 3339, to the second. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
