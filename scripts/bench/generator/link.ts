import { connect, type Socket } from "node:net";

/** A connection to the server under test. */
export interface Link {
  /** The bytes must stay as they are until they have left. */
  write(bytes: Uint8Array): void;
  close(): void;
}

export interface LinkEvents {
  data(chunk: Buffer): void;
  /** The server closed it, or it broke. Not called after `close`. */
  lost(cause: Error): void;
}

/** Connects to loopback; rejects when nobody listens. */
export function openLink(port: number, events: LinkEvents): Promise<Link> {
  return new Promise((resolve, reject) => {
    let closing = false;
    let opened = false;
    const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const lose = (cause: Error) => {
      if (closing) return;
      closing = true;
      if (opened) events.lost(cause);
      else reject(cause);
    };
    socket.on("data", (chunk: Buffer) => events.data(chunk));
    socket.on("error", lose);
    socket.on("close", () => lose(new Error("the server closed the connection")));
    socket.on("connect", () => {
      opened = true;
      socket.setNoDelay(true);
      resolve({
        write: (bytes) => {
          socket.write(bytes);
        },
        close: () => {
          closing = true;
          socket.destroy();
        },
      });
    });
  });
}
