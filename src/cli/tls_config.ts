import { checksClientCertificates } from "../runtime/mod.ts";
import { CliError } from "./cli_error.ts";
import type { OptionValues } from "./option_values.ts";

/** A file of TLS and how it came to be used. */
export interface TlsFile {
  readonly path: string;
  /** What named it: an option, a variable, or `the default of --ssl-key`. */
  readonly namedBy: string;
  /** The option that would name another one, where nobody has named this one. */
  readonly defaultOf?: string;
}

/** What TLS was asked to be: the same certificate for each port that has it. */
export interface TlsConfig {
  /** On the binary port. */
  readonly gearman: boolean;
  readonly http: boolean;
  readonly certificate: TlsFile;
  readonly key: TlsFile;
  /** Whose clients are let in, or only checked to be readable: see `verifiesClients`. */
  readonly authority: TlsFile | undefined;
  readonly verifiesClients: boolean;
}

/** gearmand's own, as Debian builds it. */
const DEFAULTS = {
  "ssl-ca-file": "/etc/ssl/certs/gearmand-ca.pem",
  "ssl-certificate": "/etc/ssl/certs/gearmand.pem",
  "ssl-key": "/etc/ssl/certs/gearmand.key",
} as const;

/** They replace the options (command line section 1). */
const VARIABLES = {
  "ssl-ca-file": "GEARMAND_CA_CERTIFICATE",
  "ssl-certificate": "GEARMAND_SERVER_PEM",
  "ssl-key": "GEARMAND_SERVER_KEY",
} as const;

type FileOption = keyof typeof DEFAULTS;

/** The TLS side of the options; undefined when no port has it. Throws `CliError`. */
export function tlsConfig(
  values: OptionValues,
  environment: Readonly<Record<string, string>>,
): TlsConfig | undefined {
  const gearman = values.isGiven("ssl");
  const http = values.isGiven("http-ssl");
  const verifiesClients = values.isGiven("ssl-verify-client");
  if (http && values.isGiven("no-http")) {
    throw new CliError("INVALID_ARGUMENT", "Cannot use --http-ssl with --no-http: leave one out");
  }
  if (!gearman && !http) {
    if (!verifiesClients) return undefined;
    throw new CliError(
      "INVALID_ARGUMENT",
      "Cannot use --ssl-verify-client without TLS: add --ssl, --http-ssl, or both",
    );
  }
  if (verifiesClients && !checksClientCertificates) {
    throw new CliError(
      "NOT_AVAILABLE",
      "Cannot check certificates of clients (--ssl-verify-client) when running on Deno, whose " +
        "sockets do not ask for them: use dist/cogd-bun, the executable made by " +
        "`deno task compile:bun`",
    );
  }
  const file = (option: FileOption) => tlsFile(option, values, environment);
  const authority = file("ssl-ca-file");
  return {
    gearman,
    http,
    certificate: file("ssl-certificate"),
    key: file("ssl-key"),
    // Where nobody is checked, only a file that somebody named is looked at.
    authority: verifiesClients || authority.defaultOf === undefined ? authority : undefined,
    verifiesClients,
  };
}

function tlsFile(
  option: FileOption,
  values: OptionValues,
  environment: Readonly<Record<string, string>>,
): TlsFile {
  const variable = VARIABLES[option];
  const inEnvironment = environment[variable] ?? "";
  if (inEnvironment !== "") return { path: inEnvironment, namedBy: variable };
  const given = values.text(option) ?? "";
  return given === ""
    ? {
      path: DEFAULTS[option],
      namedBy: `the default of --${option}`,
      defaultOf: `--${option}`,
    }
    : { path: given, namedBy: `--${option}` };
}
