import assert from "node:assert/strict";
import { connect } from "node:net";
import test from "node:test";
import { libCIfPermitted } from "../../src/runtime/libc.ts";
import { socketsOnPort } from "../../src/runtime/socket_options.ts";
import { deadline, PATIENCE_MS } from "../support/mod.ts";
import { bytes, noise, type Recorder, turn, withServer } from "./recorder.ts";
import { testOverEach } from "./tls_peer.ts";

const MIB = 1024 * 1024;

/** A peer that closes over unread bytes: the system resets the connection. */
async function reset(peer: Recorder, own: Recorder): Promise<void> {
  peer.connection.pause();
  own.connection.write(noise(256 * 1024));
  await turn();
  peer.connection.destroy();
}

// Its peer is a plain socket, so that both sides are not wrong in the same way. (As a client,
// node:net of Deno 2.6 stops reading when it has ended its side: there this test fails.)
test("a peer that ends its side is told of, still gets replies, then the end", async () => {
  await withServer(async (server) => {
    const socket = connect({ host: "127.0.0.1", port: server.port, allowHalfOpen: true });
    const own = await server.next();
    const received: Uint8Array[] = [];
    socket.on("data", (chunk: Uint8Array) => received.push(chunk));
    const ended = new Promise<void>((resolve) => socket.on("end", resolve));
    socket.end("question");
    await own.event("ended");
    assert.equal(own.text(), "question");
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(own.connection.write(bytes("late ")), true);
    await turn();
    own.connection.write(bytes("answer"));
    own.connection.end();
    await deadline(ended, PATIENCE_MS, "the end");
    assert.equal(received.map((chunk) => new TextDecoder().decode(chunk)).join(""), "late answer");
    await own.event("closed");
    assert.deepEqual(own.events, ["data", "ended", "closed"]);
    assert.equal(own.cause, undefined);
    socket.destroy();
  });
});

testOverEach(
  "end sends all that waits; the peer may take its time to read and to end",
  async (withServer) => {
    await withServer(async (server) => {
      const { peer, own } = await server.pair();
      peer.connection.pause();
      const data = noise(8 * MIB);
      own.connection.write(data);
      own.connection.write(bytes("the last word"));
      own.connection.end();
      own.connection.write(bytes("ignored"));
      for (let i = 0; i < 10; i++) await turn();
      peer.connection.resume();
      await peer.event("ended");
      assert.equal(peer.size, data.length + 13);
      peer.connection.end();
      await Promise.all([peer.event("closed"), own.event("closed")]);
      assert.deepEqual(own.events, ["closed"]);
      assert.deepEqual([own.cause, peer.cause], [undefined, undefined]);
    });
  },
);

testOverEach(
  "after end a peer that goes on sending still gets the last reply, and is closed at last",
  async (withServer) => {
    await withServer(async (server) => {
      const { peer, own } = await server.pair();
      let sizeAtEnd = 0;
      own.onData = () => {
        sizeAtEnd = own.size;
        own.connection.write(bytes("no more of that"));
        own.connection.end();
      };
      peer.connection.pause();
      for (let i = 0; i < 20; i++) {
        peer.connection.write(noise(10_000));
        await turn();
      }
      peer.connection.resume();
      await peer.event("ended");
      assert.equal(peer.text(), "no more of that");
      // It never ends its side: the server does not wait for ever.
      await own.event("closed");
      assert.deepEqual(own.events, ["data", "closed"]);
      assert.equal(own.size, sizeAtEnd);
      peer.connection.destroy();
      await peer.event("closed");
    });
  },
);

test("a reset is told once as closed, with its cause", async () => {
  await withServer(async (server) => {
    const { peer, own } = await server.pair();
    await reset(peer, own);
    await own.event("closed");
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(own.events.filter((event) => event === "closed").length, 1);
    assert.equal(own.events.at(-1), "closed");
    assert.ok(own.cause instanceof Error);
  });
});

testOverEach(
  "a reset in the middle of a large write is told once as closed, and nothing after it",
  async (withServer) => {
    await withServer(async (server) => {
      for (let round = 0; round < 10; round++) {
        const { peer, own } = await server.pair();
        peer.connection.pause();
        own.connection.write(noise(8 * MIB));
        own.connection.write(noise(100_000));
        for (let i = 0; i < round; i++) await turn();
        peer.connection.destroy();
        await own.event("closed");
        const { connection } = own;
        assert.equal(connection.write(bytes("into the void")), true);
        connection.pause();
        connection.resume();
        connection.end();
        connection.destroy();
        for (let i = 0; i < 5; i++) await turn();
        assert.equal(own.events.filter((event) => event === "closed").length, 1);
        assert.equal(own.events.at(-1), "closed");
      }
    });
  },
);

testOverEach(
  "after destroy nothing comes but one closed, without a cause, and the peer sees the end",
  async (withServer) => {
    await withServer(async (server) => {
      const { peer, own } = await server.pair();
      own.onData = () => own.connection.destroy();
      peer.connection.write(noise(300_000));
      await own.event("closed");
      for (let i = 0; i < 5; i++) await turn();
      assert.deepEqual(own.events, ["data", "closed"]);
      assert.equal(own.cause, undefined);
      await peer.until(({ events }) => /ended|closed/.test(events.join()), "the end");
      peer.connection.destroy();
    });
  },
);

testOverEach("destroy cuts a peer that does not read", async (withServer) => {
  await withServer(async (server) => {
    const { peer, own } = await server.pair();
    peer.connection.pause();
    const chunk = noise(MIB);
    for (let i = 0; i < 32; i++) own.connection.write(chunk);
    // Until the system takes no more, and a write is stuck.
    for (let i = 0; i < 500; i++) await turn();
    own.connection.destroy();
    await own.event("closed");
    assert.equal(own.events.filter((event) => event === "closed").length, 1);
    if (libCIfPermitted() !== undefined) {
      // Only the listening socket is left, though the peer has not read anything yet.
      const until = performance.now() + PATIENCE_MS;
      while (socketsOnPort(server.port).length > 1) {
        assert.ok(performance.now() < until, "the socket stayed open");
        await turn();
      }
    }
    // What the system had taken may still arrive; the rest was dropped.
    peer.connection.resume();
    await peer.until(({ events }) => /ended|closed/.test(events.join()), "the end");
    assert.ok(peer.size < 32 * MIB, `${peer.size} bytes came`);
    peer.connection.destroy();
  });
});

testOverEach("a handler that throws costs its connection and no other", async (withServer) => {
  await withServer(async (server) => {
    const unlucky = await server.pair();
    const other = await server.pair();
    const thrown = new Error("thrown by the test");
    unlucky.own.onData = () => {
      throw thrown;
    };
    unlucky.peer.connection.write(bytes("x"));
    await unlucky.own.event("closed");
    assert.equal(unlucky.own.cause, thrown);
    await unlucky.peer.until(({ events }) => /ended|closed/.test(events.join()), "the end");
    unlucky.peer.connection.destroy();
    other.peer.connection.write(bytes("still here"));
    await other.own.received(10);
    assert.equal(other.own.text(), "still here");
  });
});
