import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Exit, ServerProcess } from "./server_process.ts";
import { temporaryFolder } from "./temporary_folder.ts";

export interface StartGearmandOptions {
  /** Options beside port, address, log and pid file. Not `--verbose`: readiness is read from INFO. */
  readonly args?: readonly string[];
  readonly listen?: string;
}

/** C gearmand, the reference. */
export interface RunningGearmand {
  readonly port: number;
  readonly address: string;
  readonly pid: number;
  /** A folder of its own for queue files, removed at the end. */
  readonly dataDir: string;
  readonly process: ServerProcess;
  stop(): Promise<Exit>;
  kill9(): Promise<Exit>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts C gearmand on a port that the system chooses and waits until it listens. */
export async function startGearmand(options: StartGearmandOptions = {}): Promise<RunningGearmand> {
  const folder = await temporaryFolder();
  const address = options.listen ?? "127.0.0.1";
  const server = await ServerProcess.start("gearmand", [
    "--port=0",
    `--listen=${address}`,
    "--log-file=stderr",
    "--verbose=INFO",
    `--pid-file=${join(folder.path, "gearmand.pid")}`,
    ...(options.args ?? []),
  ], {
    cwd: folder.path,
    env: { GEARMAND_PORT: undefined, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` },
  });
  const end = async (how: () => Promise<Exit>) => {
    try {
      return await how();
    } finally {
      await folder.remove();
    }
  };
  try {
    await server.waitForLog("Adding event for listening socket");
    return {
      port: listeningPort(server.pid),
      address,
      pid: server.pid,
      dataDir: folder.path,
      process: server,
      stop: () => end(() => server.stop()),
      kill9: () => end(() => server.kill9()),
      [Symbol.asyncDispose]: async () => {
        await end(() => server.stop());
      },
    };
  } catch (error) {
    await end(() => server.kill9());
    throw error;
  }
}

/**
 * The port on which a process listens, from the kernel's tables: gearmand prints `:0` when it was
 * asked for port 0.
 */
function listeningPort(pid: number): number {
  const sockets = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) sockets.add(inode);
  }
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const row of readFileSync(table, "utf8").split("\n").slice(1)) {
      const [, local, , state, , , , , , inode] = row.trim().split(/\s+/);
      if (state !== LISTENING || inode === undefined || !sockets.has(inode)) continue;
      return parseInt(local!.split(":")[1]!, 16);
    }
  }
  throw new Error(`Cannot find the port of process ${pid}: it has no listening socket`);
}

/** TCP_LISTEN in the kernel's table of sockets. */
const LISTENING = "0A";
