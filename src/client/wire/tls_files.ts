import { readFileSync } from "node:fs";
import { GearmanError } from "./errors.ts";
import { checkTlsOptions, type TlsOptions } from "./tls_options.ts";

/** TLS options by their files. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  /** May hold the key, too. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
}

/** The variables of the environment that name files for `gearman -S`, as libgearman's. */
export const TLS_FILE_VARIABLES = [
  "GEARMAND_CA_CERTIFICATE",
  "GEARMAN_CLIENT_KEY",
  "GEARMAN_CLIENT_PEM",
] as const;

/** What they say. Empty ones say nothing. */
export function tlsFilesIn(environment: Readonly<Record<string, string>>): TlsFiles {
  return {
    ca: environment["GEARMAND_CA_CERTIFICATE"] || undefined,
    certificate: environment["GEARMAN_CLIENT_PEM"] || undefined,
    key: environment["GEARMAN_CLIENT_KEY"] || undefined,
  };
}

/** Reads the files and checks what is in them. @throws {GearmanError} `INVALID_ARGUMENT` */
export function readTlsFiles({ ca, certificate, key, serverName }: TlsFiles): TlsOptions {
  const own = certificate === undefined ? undefined : textOf(certificate);
  const options: TlsOptions = {
    ...(ca === undefined ? {} : { ca: textOf(ca) }),
    ...(own === undefined ? {} : { certificate: own }),
    ...(key !== undefined ? { key: textOf(key) } : own === undefined ? {} : { key: own }),
    ...(serverName === undefined ? {} : { serverName }),
  };
  checkTlsOptions(options);
  return options;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { message } = cause as Error;
    throw new GearmanError("INVALID_ARGUMENT", `Cannot read "${path}": ${message}`, { cause });
  }
}
