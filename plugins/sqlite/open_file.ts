import { BatchWriter } from "./batch_writer.ts";
import { Connection } from "./connection.ts";
import { storeErrorOf } from "./faults.ts";
import { removeOwnerNote } from "./owner_note.ts";
import { ReplayReader } from "./replay_reader.ts";

/** A database file that is open, with what reads and writes it. */
export interface OpenFile {
  readonly connection: Connection;
  readonly writer: BatchWriter;
  readonly reader: ReplayReader;
}

export function openFile(path: string, inode: number | null = null): OpenFile {
  const connection = Connection.open(path, inode);
  try {
    return {
      connection,
      writer: new BatchWriter(connection.db),
      reader: new ReplayReader(connection.db, path),
    };
  } catch (error) {
    connection.close();
    throw storeErrorOf(error, "open", path);
  }
}

/** The note goes while the lock still holds, lest it be a later owner's. */
export function closeFile(file: OpenFile, path: string): void {
  removeOwnerNote(path);
  file.connection.close();
}
