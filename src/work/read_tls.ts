import {
  GearmanError,
  readTlsFiles,
  type TlsFiles,
  tlsFilesIn,
  type TlsOptions,
} from "../client/mod.ts";
import { asSwitch, asText, type Fields } from "./fields.ts";

/**
 * TLS as a configuration has it: not at all, `tls = true`, or a table `[tls]` that names files. Where it names
 * none, those count that the environment names for `gearman -S`.
 */
export function readTls(
  fields: Fields,
  environment: Readonly<Record<string, string>>,
): TlsOptions | undefined {
  const usual = tlsFilesIn(environment);
  let files: TlsFiles = usual;
  if (fields.hasTable("tls")) {
    files = filesIn(fields.table("tls"), usual);
  } else if (!fields.get("tls", false, asSwitch, "true, false or a table [tls]")) {
    return undefined;
  }
  try {
    return readTlsFiles(files);
  } catch (error) {
    if (!(error instanceof GearmanError)) throw error;
    fields.complain("tls", error.message);
    return undefined;
  }
}

function filesIn(table: Fields, usual: TlsFiles): TlsFiles {
  const text = (name: string) => table.get<string | undefined>(name, undefined, asText, "a text");
  const own = { certificate: text("certificate"), key: text("key") };
  const files = {
    // A key of the one place does not fit the certificate of the other.
    ...(own.certificate === undefined && own.key === undefined ? usual : own),
    ca: text("ca") ?? usual.ca,
    serverName: text("server_name"),
  };
  table.refuseOthers();
  return files;
}
