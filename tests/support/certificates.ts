import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "./run_program.ts";

/** A certificate and its key, as files that everybody may read. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Certificates for a test, made by `openssl`. Valid for two days. */
export interface TestCertificates {
  readonly ca: CertificateFiles;
  /** Another authority, of which nothing here is. */
  readonly otherCa: CertificateFiles;
  /** For the name `localhost` only, by `ca`. */
  readonly server: CertificateFiles;
  /** For the name `db.example` only, by `ca`. */
  readonly stranger: CertificateFiles;
  /** For the name `client`, by `ca`. */
  readonly client: CertificateFiles;
  /** For the name `localhost`, by itself. */
  readonly selfSigned: CertificateFiles;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function makeCertificates(): Promise<TestCertificates> {
  const folder = await mkdtemp(join(tmpdir(), "cogd-test-"));
  // A database server may run as another user.
  await chmod(folder, 0o755);
  const make = async (name: string, subject: string, more: readonly string[]) => {
    const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
    const result = await runProgram("openssl", [
      ..."req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split(" "),
      ...["-subj", `/CN=${subject}`, "-keyout", files.key, "-out", files.cert],
      ...more,
    ]);
    if (result.code !== 0) throw new Error(`Cannot make certificate ${name}: ${result.output}`);
    await chmod(files.key, 0o644);
    return files;
  };
  const ca = await make("ca", "test authority", []);
  const by = ["-CA", ca.cert, "-CAkey", ca.key, "-addext", "basicConstraints=critical,CA:FALSE"];
  return {
    ca,
    otherCa: await make("other", "another authority", []),
    server: await make("server", "localhost", [...by, "-addext", "subjectAltName=DNS:localhost"]),
    stranger: await make("stranger", "db.example", [
      ...by,
      "-addext",
      "subjectAltName=DNS:db.example",
    ]),
    client: await make("client", "client", by),
    selfSigned: await make("self-signed", "localhost", [
      "-addext",
      "basicConstraints=critical,CA:FALSE",
      "-addext",
      "subjectAltName=DNS:localhost",
    ]),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
