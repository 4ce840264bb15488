import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import test from "node:test";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import {
  ALL_ADDRESSES,
  checksClientCertificates,
  ignoredKeepAliveSettings,
  listen,
  ListenError,
  type ListenTls,
  runtimeName,
} from "../../src/runtime/mod.ts";
import { SocketOption, socketOption, socketsOnPort } from "../../src/runtime/socket_options.ts";
import { askAndEnd, deadline, PATIENCE_MS, programMissing, TcpProxy } from "../support/mod.ts";
import { bytes, LOOPBACK, noise, Recorder, type RecordingServer, withServer } from "./recorder.ts";
import { listenTls, tlsDial, tlsTexts } from "./tls_peer.ts";

const NEEDS_OPENSSL = { skip: programMissing("openssl") };

/** Notes who was refused, and why; `next` waits for one more. */
class Refusals {
  readonly causes: unknown[] = [];
  readonly peers: string[] = [];
  #next = Promise.withResolvers<void>();

  readonly refused = (peer: string, cause: unknown): void => {
    this.peers.push(peer);
    this.causes.push(cause);
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  };

  next(): Promise<void> {
    return deadline(this.#next.promise, PATIENCE_MS, "a refusal");
  }

  get codes(): unknown[] {
    return this.causes.map((cause) => (cause as { code?: unknown }).code);
  }
}

async function withTlsServer(
  body: (server: RecordingServer, refusals: Refusals) => Promise<void>,
  limits: Partial<ListenTls> = {},
  hostname = "127.0.0.1",
): Promise<void> {
  const refusals = new Refusals();
  const tls = { ...await listenTls(refusals.refused), ...limits };
  const server = (
    inner: (server: RecordingServer) => Promise<void>,
    dial: Parameters<typeof withServer>[3],
  ) => withServer(inner, { hostname, tls }, undefined, dial);
  await server((one) => body(one, refusals), await tlsDial());
}

/** Connects without a word of TLS. */
async function connected(port: number, host = "127.0.0.1"): Promise<Socket> {
  const socket = connect(port, host);
  socket.on("error", () => {});
  await deadline(new Promise((resolve) => socket.once("connect", resolve)), PATIENCE_MS, "a peer");
  return socket;
}

function closed(socket: Socket): Promise<void> {
  // What comes before the end must be read, else the end is not told.
  socket.resume();
  return deadline(
    new Promise((resolve) => {
      if (socket.closed) resolve();
      else socket.once("close", () => resolve());
    }),
    PATIENCE_MS,
    "the end of a refused peer",
  );
}

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
  "who speaks no TLS is refused with a reason, and nobody else notices",
  NEEDS_OPENSSL,
  async () => {
    await withTlsServer(async (server, refusals) => {
      const { peer, own } = await server.pair();
      for (
        const garbage of [
          "\0REQ\0\0\0\x10\0\0\0\0",
          "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
          "status\n",
        ]
      ) {
        const told = refusals.next();
        const stranger = await connected(server.port);
        stranger.write(garbage);
        stranger.end();
        await told;
        await closed(stranger);
      }
      const leaving = await connected(server.port);
      const told = refusals.next();
      leaving.destroy();
      await told;
      assert.equal(refusals.causes.length, 4);
      assert.ok(refusals.causes.every((cause) => cause instanceof Error && cause.message !== ""));
      assert.ok(refusals.peers.every((peer) => /^127\.0\.0\.1:\d+$/.test(peer)));
      assert.equal(server.accepted.length, 1);
      peer.connection.write(bytes("still here"));
      await own.received(10);
      assert.equal(own.text(), "still here");
      peer.connection.destroy();
    });
  },
);

test("a peer that never shakes hands holds nobody up", NEEDS_OPENSSL, async () => {
  await withTlsServer(async (server, refusals) => {
    const silent = await connected(server.port);
    for (let i = 0; i < 3; i++) (await server.pair()).peer.connection.destroy();
    assert.deepEqual(refusals.causes, []);
    silent.destroy();
  });
});

test("a peer that never shakes hands is cut in time", NEEDS_OPENSSL, async () => {
  await withTlsServer(async (server, refusals) => {
    const told = refusals.next();
    const silent = await connected(server.port);
    await told;
    await closed(silent);
    assert.deepEqual(refusals.codes, ["TOO_SLOW"]);
    assert.match(String(refusals.causes[0]), /no TLS handshake within 0\.2 s/);
  }, { handshakeMs: 200 });
});

test("two peers with the same port are each cut for themselves", NEEDS_OPENSSL, async () => {
  await withTlsServer(
    async (server, refusals) => {
      const first = await connected(server.port);
      const { localPort } = first;
      const second = connect({
        port: server.port,
        host: "127.0.0.1",
        localAddress: "127.0.0.2",
        localPort: localPort!,
      });
      second.on("error", () => {});
      await Promise.all([closed(first), closed(second)]);
      assert.deepEqual(
        refusals.peers.toSorted(),
        [`127.0.0.1:${localPort}`, `127.0.0.2:${localPort}`],
      );
    },
    { handshakeMs: 200 },
    ALL_ADDRESSES,
  );
});

test("of too many handshakes the oldest gives way", NEEDS_OPENSSL, async () => {
  await withTlsServer(async (server, refusals) => {
    const silent = [];
    for (let i = 0; i < 3; i++) silent.push(await connected(server.port));
    const oldest = `127.0.0.1:${silent[0]!.localPort}`;
    const { peer } = await server.pair();
    assert.deepEqual(refusals.codes, ["TOO_MANY"]);
    assert.deepEqual(refusals.peers, [oldest]);
    await closed(silent[0]!);
    peer.connection.destroy();
    for (const socket of silent) socket.destroy();
  }, { maxHandshakes: 3 });
});

test(
  "when the listener is closed, handshakes under way are cut and connections live on",
  NEEDS_OPENSSL,
  async () => {
    await withTlsServer(async (server, refusals) => {
      const { peer, own } = await server.pair();
      const silent = await connected(server.port);
      // The pair behind it says that it was accepted.
      (await server.pair()).peer.connection.destroy();
      const told = refusals.next();
      await server.listener.close();
      await told;
      await closed(silent);
      peer.connection.write(bytes("still there?"));
      await own.received(12);
      assert.equal(server.accepted.length, 2);
      peer.connection.destroy();
    });
  },
);

test(
  "a peer that ends its side still gets all of a long reply, and a proper end",
  NEEDS_OPENSSL,
  async () => {
    const { authority } = await tlsTexts();
    await withTlsServer(async (server) => {
      const arrival = server.next();
      const asking = askAndEnd(authority, server.listener.address, bytes("question"));
      asking.catch(() => {});
      const own = await arrival;
      await own.event("ended");
      assert.equal(own.text(), "question");
      const reply = noise(1_000_000);
      own.connection.write(reply);
      own.connection.write(bytes("the end"));
      own.connection.end();
      const got = await deadline(asking, PATIENCE_MS, "the reply");
      assert.equal(got.length, reply.length + 7);
      assert.equal(new TextDecoder().decode(got.subarray(-7)), "the end");
      await own.event("closed");
      assert.equal(own.cause, undefined);
    });
  },
);

test("a line that is cut ends the connection, as the end of TLS does", NEEDS_OPENSSL, async () => {
  await withTlsServer(async (server) => {
    const proxy = await TcpProxy.start(server.port);
    const arrival = server.next();
    const dial = await tlsDial();
    let peer: Recorder | undefined;
    await dial(
      { hostname: "127.0.0.1", port: proxy.port },
      (connection) => peer = new Recorder(connection),
    );
    const own = await arrival;
    own.onEnded = () => own.connection.end();
    peer!.connection.write(bytes("the last I said"));
    await own.received(15);
    proxy.cutAll();
    await own.event("closed");
    assert.equal(own.text(), "the last I said");
    assert.equal(own.events.filter((event) => event === "closed").length, 1);
    await proxy.close();
    peer!.connection.destroy();
  });
});

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
