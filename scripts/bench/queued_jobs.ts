import { connect } from "node:net";
import { deadline } from "../../tests/support/mod.ts";
import { FUNCTION_NAME } from "./generator/submissions.ts";

const ANSWER_LIMIT_MS = 60_000;

/** How many jobs of the benchmark's function the server has, by the text command `status`. */
export async function queuedJobs(port: number): Promise<number> {
  const socket = connect({ port, host: "127.0.0.1" });
  let text = "";
  const answered = new Promise<void>((resolve, reject) => {
    socket.on("connect", () => socket.write("status\n"));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server closed the connection")));
    socket.on("data", (chunk) => {
      text += chunk.toString();
      if (/^\.\n/m.test(text)) resolve();
    });
  });
  try {
    await deadline(answered, ANSWER_LIMIT_MS, "an answer to the command status");
  } finally {
    socket.destroy();
  }
  const row = text.split("\n").find((line) => line.startsWith(`${FUNCTION_NAME}\t`));
  return Number(row?.split("\t")[1] ?? 0);
}
