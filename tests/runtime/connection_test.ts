import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { afterTurn } from "../../src/runtime/mod.ts";
import { bytes, noise, type Recorder, turn } from "./recorder.ts";
import { testOverEach } from "./tls_peer.ts";

const MIB = 1024 * 1024;

function sha(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Sends it all, `step` bytes at a time, waiting for `drained` as it must. */
async function sendAll(sender: Recorder, data: Uint8Array, step: number): Promise<void> {
  for (let at = 0; at < data.length; at += step) {
    const before = sender.events.length;
    if (sender.connection.write(data.subarray(at, at + step))) continue;
    await sender.until(({ events }) => events.indexOf("drained", before) >= 0, "drained");
  }
}

testOverEach(
  "what a peer sends arrives whole and in order, and so do the replies",
  async (withServer) => {
    await withServer(
      async (server) => {
        const { peer } = await server.pair();
        const data = noise(3 * MIB);
        for (const step of [1, 7, 511, 512, 513, 4096, 65_536, 65_537]) {
          const part = data.subarray(0, Math.min(data.length, step * 300));
          await sendAll(peer, part, step);
          await peer.until(({ size }) => size >= part.length, `${part.length} bytes in ${step}s`);
          assert.equal(sha(peer.take()), sha(part), `in pieces of ${step} bytes`);
          peer.size = 0;
        }
        await sendAll(peer, data, data.length);
        await peer.received(data.length);
        assert.equal(sha(peer.take()), sha(data));
      },
      {},
      (own) => own.onData = (chunk) => own.connection.write(chunk.slice()),
    );
  },
);

testOverEach("small writes keep their order, also behind large ones", async (withServer) => {
  await withServer(async (server) => {
    const { peer, own } = await server.pair();
    const pieces: Uint8Array[] = [];
    for (let i = 0; i < 4000; i++) pieces.push(noise(i % 500 === 7 ? 300_000 : i % 90, i));
    for (const piece of pieces) own.connection.write(piece);
    const total = pieces.reduce((sum, { length }) => sum + length, 0);
    await peer.received(total);
    const hash = createHash("sha256");
    for (const piece of pieces) hash.update(piece);
    assert.equal(peer.size, total);
    assert.equal(sha(peer.take()), hash.digest("hex"));
  });
});

testOverEach(
  "write answers false to a peer that does not read, and drained follows when it does",
  async (withServer) => {
    await withServer(async (server) => {
      const { peer, own } = await server.pair();
      peer.connection.pause();
      const chunk = noise(64 * 1024);
      let written = 0;
      // The system's buffers take a few MiB; then each turn finds the socket full.
      for (let refused = 0; refused < 3;) {
        written += chunk.length;
        assert.ok(written < 64 * MIB, "nothing ever answered false");
        if (own.connection.write(chunk)) continue;
        refused++;
        const before = own.events.length;
        for (let i = 0; i < 20 && own.events.length === before; i++) await turn();
        if (own.events.length > before) refused = 0;
      }
      const before = own.events.length;
      peer.connection.resume();
      await peer.received(written);
      await own.until(({ events }) => events.length > before, "drained");
      assert.deepEqual(own.events.slice(before), ["drained"]);
      assert.equal(own.connection.write(bytes("more")), true);
      await peer.received(written + 4);
    });
  },
);

testOverEach(
  "64 MiB pass through a reader that pauses, and nothing comes while it does",
  async (withServer) => {
    await withServer(async (server) => {
      const { peer, own } = await server.pair();
      const data = noise(64 * MIB);
      let paused = false;
      let whilePaused = 0;
      let pauses = 0;
      own.onData = () => {
        if (paused) whilePaused++;
        if (own.size < pauses * 4 * MIB) return;
        paused = true;
        pauses++;
        own.connection.pause();
        setTimeout(() => {
          paused = false;
          own.connection.resume();
        }, 5);
      };
      await sendAll(peer, data, 1 * MIB);
      peer.connection.end();
      await own.event("ended");
      assert.equal(own.size, data.length);
      assert.equal(sha(own.take()), sha(data));
      assert.ok(pauses >= 16, `paused ${pauses} times`);
      assert.equal(whilePaused, 0);
    });
  },
);

testOverEach(
  "a paused reader holds its peer up: what is not read is not taken",
  async (withServer) => {
    await withServer(async (server) => {
      const { peer, own } = await server.pair();
      own.connection.pause();
      const chunk = noise(MIB);
      let full = false;
      let taken = 0;
      for (; taken < 64 && !full; taken++) {
        if (peer.connection.write(chunk)) continue;
        const before = peer.events.length;
        for (let i = 0; i < 50 && peer.events.length === before; i++) await turn();
        full = peer.events.length === before;
      }
      assert.ok(full, "64 MiB were taken from the peer of a paused reader");
      assert.equal(own.size, 0);
      own.connection.resume();
      await own.received(taken * MIB);
    });
  },
);

testOverEach(
  "what comes to a connection that was paused when accepted waits, its end too",
  async (withServer) => {
    await withServer(
      async (server) => {
        const { peer, own } = await server.pair();
        peer.connection.write(bytes("early"));
        peer.connection.end();
        for (let i = 0; i < 20; i++) await turn();
        assert.deepEqual(own.events, []);
        own.connection.resume();
        await own.event("ended");
        assert.deepEqual(own.events, ["data", "ended"]);
        assert.equal(own.text(), "early");
      },
      {},
      (own) => own.connection.pause(),
    );
  },
);

testOverEach("no callback comes from within a call", async (withServer) => {
  await withServer(async (server) => {
    const { peer, own } = await server.pair();
    let inside = false;
    const during: string[] = [];
    const { data, drained, ended, closed } = own;
    const noted = (name: string) => inside && during.push(name);
    Object.assign(own, {
      data: (chunk: Uint8Array) => (noted("data"), data.call(own, chunk)),
      drained: () => (noted("drained"), drained.call(own)),
      ended: () => (noted("ended"), ended.call(own)),
      closed: (cause: unknown) => (noted("closed"), closed.call(own, cause)),
    });
    const calling = (call: () => void) => {
      inside = true;
      call();
      inside = false;
    };
    for (let i = 0; i < 50; i++) calling(() => own.connection.write(noise(100_000)));
    calling(() => own.connection.pause());
    peer.connection.write(noise(100_000));
    for (let i = 0; i < 5; i++) await turn();
    calling(() => own.connection.resume());
    await own.received(100_000);
    peer.connection.end();
    await own.event("ended");
    calling(() => own.connection.end());
    calling(() => own.connection.destroy());
    await own.event("closed");
    assert.deepEqual(during, []);
  });
});

testOverEach(
  "afterTurn comes once all sockets that were ready have been read",
  async (withServer) => {
    await withServer(async (server) => {
      const pairs = [];
      for (let i = 0; i < 16; i++) pairs.push(await server.pair());
      const turns: number[] = [];
      let reads = 0;
      for (const { own } of pairs) {
        own.onData = () => {
          // While the first is served, the others' bytes arrive.
          if (turns.length === 0 && reads === 0) {
            for (const until = performance.now() + 20; performance.now() < until;);
          }
          if (reads++ > 0) return;
          afterTurn(() => {
            turns.push(reads);
            reads = 0;
          });
        };
      }
      for (const { peer } of pairs) peer.connection.write(bytes("all at once"));
      for (const { own } of pairs) await own.received(11);
      await turn();
      assert.equal(turns.reduce((sum, count) => sum + count, 0), 16);
      assert.ok(turns.length <= 3, `16 sockets were served in turns of ${turns.join(", ")}`);
    });
  },
);
