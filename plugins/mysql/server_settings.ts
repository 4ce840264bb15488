import type { Durability, StoreHost } from "../../src/plugin_api/mod.ts";
import { type MySqlConnection, textOf } from "./connection.ts";

/** What the server's configuration makes of a commit. */
export interface ServerSettings {
  readonly readOnly: boolean;
  /** What a commit survives of what may happen to the database server's machine. */
  readonly durability: Durability;
  /** Why that is less than a power cut, for the operator; empty when it is not. */
  readonly weakness: string;
}

const QUERY = "SELECT @@max_allowed_packet, @@innodb_flush_log_at_trx_commit, @@log_bin, " +
  "@@sync_binlog, @@read_only";

/** Asks for the settings, and notes in the connection how large its packets may be. */
export async function readServerSettings(connection: MySqlConnection): Promise<ServerSettings> {
  const [row] = await connection.select(QUERY);
  const [maxPacket, flush, binaryLog, syncBinaryLog, readOnly] = row!.map(textOf);
  connection.maxPacketBytes = Number(maxPacket);
  const weakness = weaknessOf(Number(flush), isOn(binaryLog) ? Number(syncBinaryLog) : 1);
  return {
    readOnly: isOn(readOnly),
    durability: weakness === "" ? "power-loss" : "restart",
    weakness,
  };
}

/** Says at the start what acknowledged jobs do not survive. */
export function warnOfWeakness({ weakness }: ServerSettings, place: string, host: StoreHost): void {
  if (weakness !== "") host.log("WARNING", `${place}: ${weakness}`);
}

/**
 * With a binary log a transaction counts as committed only if that has it, so both must be synced.
 * (MariaDB and MySQL manuals, innodb_flush_log_at_trx_commit and sync_binlog.)
 */
function weaknessOf(flush: number, syncBinaryLog: number): string {
  if (flush === 0) {
    return "innodb_flush_log_at_trx_commit is 0: up to a second of acknowledged jobs is lost when " +
      "the database server is killed; set it to 1";
  }
  if (flush !== 1) {
    return `innodb_flush_log_at_trx_commit is ${flush}: acknowledged jobs survive a crash, but not ` +
      "a power cut of the database server's machine; set it to 1";
  }
  if (syncBinaryLog !== 1) {
    return `there is a binary log and sync_binlog is ${syncBinaryLog}: acknowledged jobs survive a ` +
      "crash, but not a power cut of the database server's machine; set it to 1";
  }
  return "";
}

/** Switches come as 0 and 1 or as words, depending on the server's age. */
function isOn(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "OFF", "FALSE"].includes(value.toUpperCase());
}
