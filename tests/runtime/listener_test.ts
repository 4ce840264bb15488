import assert from "node:assert/strict";
import { connect } from "node:net";
import test from "node:test";
import {
  ALL_ADDRESSES,
  dial,
  ignoredKeepAliveSettings,
  joinHostnames,
  type KeepAlive,
  listen,
  type ListenerHandler,
  ListenError,
  type ListenErrorCode,
  type ListenOptions,
} from "../../src/runtime/mod.ts";
import { SocketOption, socketOption, socketsOnPort } from "../../src/runtime/socket_options.ts";
import { bytes, LOOPBACK, Recorder, withServer } from "./recorder.ts";

const NOBODY: ListenerHandler = {
  connection: (connection) => new Recorder(connection),
  acceptFailed: () => {},
  acceptResumed: () => {},
};

async function listenCode(options: Partial<ListenOptions>): Promise<ListenErrorCode> {
  const listener = await listen({ ...LOOPBACK, ...options }, NOBODY).catch((error: unknown) => {
    assert.ok(error instanceof ListenError, String(error));
    assert.match(error.message, /^Cannot listen on /);
    return error;
  });
  if (listener instanceof ListenError) return listener.code;
  await listener.close();
  throw new Error("the address was bound");
}

test("a listener says its port, and a connection its peer's address", async () => {
  await withServer(async (server) => {
    assert.equal(server.listener.address.hostname, "127.0.0.1");
    assert.ok(server.port > 0);
    const socket = connect(server.port, "127.0.0.1");
    const connected = new Promise((resolve) => socket.once("connect", resolve));
    const own = await server.next();
    await connected;
    assert.equal(own.connection.remoteAddress, "127.0.0.1");
    assert.equal(own.connection.remotePort, socket.localPort);
    socket.destroy();
  });
});

test("what cannot be bound or reached is told by code", async () => {
  await withServer(async ({ port }) => {
    assert.equal(await listenCode({ port }), "ADDRESS_IN_USE");
    // Reserved for documentation, so no machine has it.
    assert.equal(await listenCode({ hostname: "192.0.2.77" }), "ADDRESS_NOT_AVAILABLE");
    assert.equal(await listenCode({ hostname: ALL_ADDRESSES, port }), "ADDRESS_IN_USE");
  });
  const closed = await listen(LOOPBACK, NOBODY);
  await closed.close();
  await assert.rejects(
    dial(closed.address, (connection) => new Recorder(connection)),
    (error) => error instanceof ListenError && error.code === "CONNECTION_REFUSED",
  );
});

test("IPv4 and IPv6 are listened on separately, on one port", async () => {
  await withServer(async (four) => {
    await withServer(async (six) => {
      assert.deepEqual(six.listener.address, { hostname: "::1", port: four.port });
      const toFour = await four.pair("127.0.0.1");
      const toSix = await six.pair("::1");
      assert.equal(toFour.own.connection.remoteAddress, "127.0.0.1");
      assert.equal(toSix.own.connection.remoteAddress, "::1");
      toFour.peer.connection.destroy();
      toSix.peer.connection.destroy();
    }, { hostname: "::1", port: four.port });
  });
});

test("all addresses take IPv4 and IPv6 peers, each under its own address", async () => {
  await withServer(async (server) => {
    for (const hostname of ["127.0.0.1", "::1"]) {
      const { peer, own } = await server.pair(hostname);
      assert.equal(own.connection.remoteAddress, hostname);
      peer.connection.destroy();
    }
    for (const hostname of ["127.0.0.1", "0.0.0.0", "::"]) {
      assert.equal(await listenCode({ hostname, port: server.port }), "ADDRESS_IN_USE");
    }
  }, { hostname: ALL_ADDRESSES });
});

test("hostnames that a runtime could not bind side by side are joined", () => {
  assert.deepEqual(joinHostnames(["0.0.0.0", "::"]), [ALL_ADDRESSES]);
  assert.deepEqual(joinHostnames(["127.0.0.1", ALL_ADDRESSES]), [ALL_ADDRESSES]);
  assert.deepEqual(joinHostnames(["127.0.0.1", "::1", "127.0.0.1"]), ["127.0.0.1", "::1"]);
  assert.deepEqual(joinHostnames(["::"]), ["::"]);
});

test("close frees the port at once, and what was accepted lives on", async () => {
  await withServer(async (server) => {
    const { peer, own } = await server.pair();
    await Promise.all([server.listener.close(), server.listener.close()]);
    const { port } = server;
    const again = await listen({ ...LOOPBACK, port }, NOBODY);
    await again.close();
    peer.connection.write(bytes("still there?"));
    await own.received(12);
    own.connection.write(bytes("yes"));
    await peer.received(3);
    peer.connection.end();
    await own.event("ended");
  });
});

test("a handler that refuses a connection by throwing does not stop the listener", async () => {
  const failures: unknown[] = [];
  let refuse = true;
  const listener = await listen(LOOPBACK, {
    connection(connection) {
      if (refuse) throw new Error("thrown by the test");
      const own = new Recorder(connection);
      own.onData = (chunk) => connection.write(chunk.slice());
      return own;
    },
    acceptFailed: (cause) => failures.push(cause),
    acceptResumed: () => {},
  });
  const connected = async () => {
    let peer: Recorder | undefined;
    await dial(listener.address, (connection) => peer = new Recorder(connection));
    return peer!;
  };
  const first = await connected();
  await first.until(({ events }) => /ended|closed/.test(events.join()), "the end");
  refuse = false;
  const second = await connected();
  second.connection.write(bytes("hello"));
  await second.received(5);
  assert.deepEqual(failures.map(String), ["Error: thrown by the test"]);
  first.connection.destroy();
  second.connection.destroy();
  await listener.close();
});

// The options are read through the C library, as they are set where the runtime cannot.
test("accepted sockets send at once and are kept alive as asked", {
  skip: ignoredKeepAliveSettings({ enabled: true, probes: 1 }).length > 0 && "no glibc to ask",
}, async () => {
  const asked: KeepAlive = { enabled: true, idleSeconds: 31, intervalSeconds: 7, probes: 3 };
  for (
    const [keepAlive, expected] of [
      [{ enabled: false }, { keepAlive: 0 }],
      [{ enabled: true }, { keepAlive: 1 }],
      [asked, { keepAlive: 1, idle: 31, interval: 7, probes: 3 }],
    ] as const
  ) {
    await withServer(async (server) => {
      const { peer } = await server.pair();
      const accepted = socketsOnPort(server.port)
        .filter((socket) => socketOption(socket, SocketOption.ACCEPTS) === 0);
      assert.equal(accepted.length, 1);
      const option = (name: SocketOption) => socketOption(accepted[0]!, name);
      assert.equal(option(SocketOption.NO_DELAY), 1);
      const found = {
        keepAlive: option(SocketOption.KEEP_ALIVE),
        idle: option(SocketOption.KEEP_IDLE_SECONDS),
        interval: option(SocketOption.KEEP_INTERVAL_SECONDS),
        probes: option(SocketOption.KEEP_PROBES),
      };
      assert.deepEqual(found, { ...found, ...expected });
      peer.connection.destroy();
    }, { keepAlive });
  }
});
