import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import test from "node:test";
import { ALL_ADDRESSES } from "../../src/runtime/mod.ts";
import { askAndEnd, deadline, PATIENCE_MS, programMissing, TcpProxy } from "../support/mod.ts";
import { bytes, noise, Recorder } from "./recorder.ts";
import { tlsDial, tlsTexts, withTlsServer } from "./tls_peer.ts";

const NEEDS_OPENSSL = { skip: programMissing("openssl") };

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
