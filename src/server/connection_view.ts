import type { ConnectionView } from "./running_server.ts";
import type { Session } from "./session.ts";

/** What a connection shows of itself. */
export function connectionView(session: Session): ConnectionView {
  const { worker, client } = session;
  return {
    number: session.number,
    remoteAddress: session.remoteAddress,
    remotePort: session.remotePort,
    clientId: session.clientId,
    connectedAt: session.connectedAt,
    lastPacketAt: session.lastPacketAt,
    functions: worker.abilities.map(({ queue, timeoutMs }) => ({ name: queue.name, timeoutMs })),
    running: [...worker.running],
    workerState: worker.state,
    draining: worker.draining,
    waitingFor: client.waitingFor.size,
    jobsDone: session.jobsDone,
    jobsFailed: session.jobsFailed,
    submitted: session.submitted,
    unsentBytes: session.unsentBytes,
  };
}
