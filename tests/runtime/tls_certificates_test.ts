import assert from "node:assert/strict";
import test from "node:test";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import {
  ALL_ADDRESSES,
  checksClientCertificates,
  ignoredKeepAliveSettings,
  listen,
  ListenError,
  runtimeName,
} from "../../src/runtime/mod.ts";
import { SocketOption, socketOption, socketsOnPort } from "../../src/runtime/socket_options.ts";
import { deadline, PATIENCE_MS, programMissing } from "../support/mod.ts";
import { bytes, LOOPBACK, Recorder, type RecordingServer, withServer } from "./recorder.ts";
import { listenTls, Refusals, tlsDial, tlsTexts, withTlsServer } from "./tls_peer.ts";

const NEEDS_OPENSSL = { skip: programMissing("openssl") };

/** The name in the certificate that a peer is shown; undefined when it is refused. */
async function shownName(
  port: number,
  options: ConnectionOptions = {},
): Promise<string | undefined> {
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  try {
    return await deadline(
      new Promise<string | undefined>((resolve) => {
        socket.once("error", () => resolve(undefined));
        socket.once("close", () => resolve(undefined));
        socket.once("secureConnect", () => {
          const name = String(socket.getPeerCertificate().subject.CN);
          // A refusal may come behind the handshake: only an answer says that it did not.
          socket.once("data", () => resolve(name));
          socket.write("hello");
        });
      }),
      PATIENCE_MS,
      "an answer or the end",
    );
  } finally {
    socket.destroy();
  }
}

test(
  "a handler that refuses a connection by throwing does not stop the listener",
  NEEDS_OPENSSL,
  async () => {
    const failures: unknown[] = [];
    let refuse = true;
    const listener = await listen({ ...LOOPBACK, tls: await listenTls() }, {
      connection(connection) {
        if (refuse) throw new Error("thrown by the test");
        const own = new Recorder(connection);
        own.onData = (chunk) => connection.write(chunk.slice());
        return own;
      },
      acceptFailed: (cause) => failures.push(cause),
      acceptResumed: () => {},
    });
    assert.equal(await shownName(listener.address.port), undefined);
    refuse = false;
    assert.equal(await shownName(listener.address.port), "localhost");
    assert.deepEqual(failures.map(String), ["Error: thrown by the test"]);
    await listener.close();
  },
);

/** Answers everybody, so that a peer knows that it was let in. */
function answer(server: RecordingServer): void {
  const { accepted } = server;
  const answered = new Set<Recorder>();
  const push = accepted.push.bind(accepted);
  accepted.push = (...more) => {
    for (const own of more) {
      answered.add(own);
      own.onData = () => own.connection.write(bytes("hello"));
    }
    return push(...more);
  };
}

for (const hostname of ["127.0.0.1", ALL_ADDRESSES]) {
  test(
    `new certificates are shown from then on, and connections live on (${hostname})`,
    NEEDS_OPENSSL,
    async () => {
      const { stranger } = await tlsTexts();
      await withTlsServer(
        async (server) => {
          answer(server);
          const { peer, own } = await server.pair();
          assert.equal(await shownName(server.port), "localhost");
          await server.listener.renew!(stranger);
          assert.equal(await shownName(server.port), "another authority");
          const mismatched = { certificate: stranger.certificate, key: "no key" };
          await assert.rejects(server.listener.renew!(mismatched));
          assert.equal(await shownName(server.port), "another authority");
          peer.connection.write(bytes("still there?"));
          await own.received(12);
          peer.connection.destroy();
          await server.listener.close();
          await server.listener.renew!(stranger);
          assert.equal(await shownName(server.port), undefined);
        },
        {},
        hostname,
      );
    },
  );
}

test(
  "only clients of the authority are let in, where the runtime can tell",
  NEEDS_OPENSSL,
  async () => {
    const { authority, client, stranger } = await tlsTexts();
    const refusals = new Refusals();
    const tls = { ...await listenTls(refusals.refused), clientAuthority: authority };
    if (!checksClientCertificates) {
      return await assert.rejects(
        listen({ ...LOOPBACK, tls }, {
          connection: (connection) => new Recorder(connection),
          acceptFailed() {},
          acceptResumed() {},
        }),
        (error) => error instanceof ListenError && /do not check certificates/.test(error.message),
      );
    }
    await withServer(async (server) => {
      answer(server);
      const { port } = server;
      const shown = async (material?: { certificate: string; key: string }) =>
        await shownName(
          port,
          material === undefined ? {} : { cert: material.certificate, key: material.key },
        );
      assert.equal(await shown(), undefined);
      assert.equal(await shown(stranger), undefined);
      assert.equal(await shown(client), "localhost");
      assert.equal(refusals.causes.length, 2);
      assert.equal(server.accepted.length, 1);
      await server.listener.renew!({ ...stranger, clientAuthority: stranger.certificate });
      assert.equal(await shown(client), undefined);
      assert.equal(await shown(), undefined);
      assert.equal(server.accepted.length, 1);
    }, { tls });
  },
);

test("accepted sockets send at once and are kept alive as asked, after a renewal too", {
  skip: programMissing("openssl") ||
    ignoredKeepAliveSettings({ enabled: true, probes: 1 }).length > 0 && "no glibc to ask",
}, async () => {
  const { server: material } = await tlsTexts();
  const dial = await tlsDial();
  const keepAlive = { enabled: true, idleSeconds: 31, intervalSeconds: 7, probes: 3 };
  await withServer(
    async (server) => {
      for (let round = 0; round < 2; round++) {
        const { peer } = await server.pair();
        const accepted = socketsOnPort(server.port)
          .filter((socket) => socketOption(socket, SocketOption.ACCEPTS) === 0);
        const option = (name: SocketOption) => accepted.map((socket) => socketOption(socket, name));
        assert.deepEqual(option(SocketOption.NO_DELAY), [1]);
        assert.deepEqual(option(SocketOption.KEEP_ALIVE), [1]);
        assert.deepEqual(option(SocketOption.KEEP_IDLE_SECONDS), [31]);
        assert.deepEqual(option(SocketOption.KEEP_PROBES), [3]);
        const own = server.accepted.at(-1)!;
        peer.connection.end();
        await own.event("ended");
        own.connection.end();
        await Promise.all([own.event("closed"), peer.event("closed")]);
        await server.listener.renew!(material);
      }
    },
    { keepAlive, tls: await listenTls() },
    undefined,
    dial,
  );
});

test("material that cannot be used is told when it listens", NEEDS_OPENSSL, async () => {
  const { server, stranger } = await tlsTexts();
  const tls = { ...await listenTls(), ...server, key: stranger.key };
  await assert.rejects(
    listen({ ...LOOPBACK, tls }, {
      connection: (connection) => new Recorder(connection),
      acceptFailed() {},
      acceptResumed() {},
    }),
    (error) => error instanceof ListenError && error.code === "SOCKET_FAILED",
    `a key of another certificate on ${runtimeName}`,
  );
});
