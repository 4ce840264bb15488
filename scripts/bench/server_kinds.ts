import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { binaryPath, cogdCommand, type CogdFlavour } from "../../tests/support/mod.ts";
import type { DatabaseQueue } from "./databases.ts";
import { databaseOptions } from "./queue_options.ts";

/** Kept in memory, in a file of the data folder, or in a database. */
export type Queue = "memory" | "sqlite" | DatabaseQueue;

/** A program with its arguments. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}

export interface Place {
  readonly port: number;
  readonly dataDir: string;
  readonly queue: Queue;
  /** Port of HTTP; undefined: none. */
  readonly httpPort?: number | undefined;
}

/** A server that can be measured. */
export interface ServerKind {
  /** As the option --servers names it. */
  readonly name: string;
  /** As tables name it. */
  readonly title: string;
  /** Which of the two budgets holds for it. */
  readonly runtime: "c" | "deno" | "bun" | "other" | "responder";
  /** Undefined when it does not have this queue, or no HTTP. */
  commandLine(place: Place): CommandLine | undefined;
}

/** Programs of the two runtimes. */
export interface RuntimePrograms {
  readonly deno: string;
  readonly bun: string;
}

/** The kinds that the names stand for. Throws when a name is unknown or a program is not built. */
export function serverKinds(names: readonly string[], programs: RuntimePrograms): ServerKind[] {
  return names.map((name) => {
    switch (name) {
      case "c":
        return gearmand();
      case "deno":
        return cogd(name, "cogd, Deno from source", "deno", programs);
      case "bun":
        return cogd(name, "cogd, Bun from source", "bun", programs);
      case "binary":
        return cogd(name, "dist/cogd", "deno-binary", programs);
      case "bun-binary":
        return cogd(name, "dist/cogd-bun", "bun-binary", programs);
      default:
        return custom(name);
    }
  });
}

/** Not a server: shows what the load generator could measure. See generator/responder.ts. */
export function responderKind({ bun }: RuntimePrograms): ServerKind {
  return {
    name: "responder",
    title: "generator's limit",
    runtime: "responder",
    commandLine: ({ port }) => ({ command: bun, args: [RESPONDER, `${port}`] }),
  };
}

const RESPONDER = fileURLToPath(new URL("./generator/responder.ts", import.meta.url));

function gearmand(): ServerKind {
  const path = "/usr/sbin/gearmand";
  return {
    name: "c",
    title: "C gearmand",
    runtime: "c",
    commandLine: ({ port, dataDir, queue, httpPort }) => ({
      command: existsSync(path) ? path : "gearmand",
      args: [
        `--port=${port}`,
        "--listen=127.0.0.1",
        "--log-file=stderr",
        `--pid-file=${join(dataDir, "gearmand.pid")}`,
        ...gearmandQueueOptions(queue, dataDir),
        ...(httpPort === undefined ? [] : ["--protocol=http", `--http-port=${httpPort}`]),
      ],
    }),
  };
}

function gearmandQueueOptions(queue: Queue, dataDir: string): string[] {
  if (queue === "memory") return [];
  return queue === "sqlite"
    ? ["--queue-type=libsqlite3", `--libsqlite3-db=${gearmandFile(dataDir)}`]
    : databaseOptions(queue);
}

/** C gearmand's SQLite file in a data folder. */
export function gearmandFile(dataDir: string): string {
  return join(dataDir, "gearmand.sqlite");
}

function cogd(
  name: string,
  title: string,
  flavour: CogdFlavour,
  programs: RuntimePrograms,
): ServerKind {
  if (flavour === "deno-binary" || flavour === "bun-binary") {
    const path = binaryPath(flavour);
    if (!existsSync(path)) {
      throw new Error(`Cannot measure ${name}: ${path} is not built (deno task compile)`);
    }
  }
  const runtime = flavour.startsWith("deno") ? "deno" : "bun";
  const { command, args } = cogdCommand(flavour);
  return {
    name,
    title,
    runtime,
    commandLine: ({ port, dataDir, queue, httpPort }) => ({
      command: flavour === runtime ? programs[runtime] : command,
      args: [
        ...args,
        `--port=${port}`,
        "--listen=127.0.0.1",
        ...queueOptions(queue, dataDir),
        httpPort === undefined ? "--no-http" : `--http-port=${httpPort}`,
      ],
    }),
  };
}

function queueOptions(queue: Queue, dataDir: string): string[] {
  const options = typeof queue === "string" ? [`--queue-type=${queue}`] : databaseOptions(queue);
  return [...options, `--data-dir=${dataDir}`];
}

/** `NAME:COMMAND LINE`, words separated by spaces. */
function custom(text: string): ServerKind {
  const colon = text.indexOf(":");
  if (colon < 1) {
    throw new Error(
      `Cannot measure '${text}': it is none of c, deno, bun, binary, bun-binary, NAME:COMMAND LINE`,
    );
  }
  const name = text.slice(0, colon);
  const words = text.slice(colon + 1).split(" ").filter((word) => word !== "");
  return {
    name,
    title: name,
    runtime: "other",
    commandLine({ port, dataDir, queue, httpPort }) {
      if (httpPort !== undefined && !text.includes("{http-port}")) return undefined;
      if (queue !== "memory" && !words.includes("{queue}")) return undefined;
      const [command, ...args] = words.flatMap((word) =>
        word === "{queue}" ? queueOptions(queue, dataDir) : inPlace(word, port, httpPort)
      );
      return { command: command!, args };
    },
  };
}

/** Without HTTP the port of HTTP is 0, which cogd takes for any that is free. */
function inPlace(word: string, port: number, httpPort = 0): string {
  return word.replaceAll("{port}", `${port}`).replaceAll("{http-port}", `${httpPort}`);
}
