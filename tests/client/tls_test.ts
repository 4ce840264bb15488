import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import {
  GearmanClient,
  GearmanError,
  GearmanWorker,
  textCodec,
  type TlsOptions,
} from "../../src/client/mod.ts";
import {
  deadline,
  makeCertificates,
  PATIENCE_MS,
  programMissing,
  TlsRelay,
} from "../support/mod.ts";
import { testOnBoth } from "./servers.ts";

const skip = programMissing("openssl");

const text = (path: string) => readFileSync(path, "utf8");

/** What a call of `reverse` over such a connection comes to: the result, or the error's code and text. */
async function outcome(server: string, tls: boolean | TlsOptions): Promise<string> {
  using client = new GearmanClient({ servers: [server], tls, codec: textCodec });
  try {
    return await client.do("reverse", "abc", { timeoutMs: PATIENCE_MS });
  } catch (error) {
    assert.ok(error instanceof GearmanError);
    return `${error.code} ${error.message}`;
  }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

testOnBoth(
  "TLS carries jobs in both directions, to the last byte before a close",
  async (server) => {
    await using certificates = await makeCertificates();
    await using relay = await TlsRelay.start(server.port, certificates.server);
    const servers = [{
      address: `localhost:${relay.port}`,
      tls: { ca: text(certificates.ca.cert) },
    }];
    const large = new Uint8Array(5_000_000).map((_, at) => (at * 7) ^ (at >> 9));
    await using worker = new GearmanWorker({ servers });
    worker.add("same", (job) => {
      // Its last result is on its way when the connection closes.
      void worker.stop();
      return job.workload;
    });
    const working = worker.run();
    using client = new GearmanClient({ servers });
    assert.deepEqual(await client.do("same", large, { timeoutMs: PATIENCE_MS }), large);
    await deadline(working, PATIENCE_MS, "the worker to end");
    assert.deepEqual(await client.echo(large), large);
  },
);

testOnBoth("a worker comes back by TLS when its connection was lost", async (server) => {
  await using certificates = await makeCertificates();
  await using relay = await TlsRelay.start(server.port, certificates.server);
  const tls = { ca: text(certificates.ca.cert) };
  const address = `localhost:${relay.port}`;
  const events: string[] = [];
  await using worker = new GearmanWorker({
    servers: [address],
    tls,
    codec: textCodec,
    onEvent: ({ kind }) => events.push(kind),
  });
  worker.add("reverse", (job) => [...job.data].reverse().join(""));
  const working = worker.run();
  assert.equal(await outcome(address, tls), "cba");
  relay.cutAll();
  // One server by TLS, the other without: each as it says.
  using client = new GearmanClient({
    servers: [{ address: server.address, tls: false }, address],
    tls,
    codec: textCodec,
  });
  assert.equal(await client.do("reverse", "abc", { timeoutMs: PATIENCE_MS }), "cba");
  assert.equal(client.servers.length, 2);
  await worker.stop();
  await working;
  assert.deepEqual(events, ["connected", "disconnected", "connected"]);
});

testOnBoth(
  "certificates are checked: authority, name, and the client's where it is asked for",
  async (server) => {
    await using certificates = await makeCertificates();
    const { ca, otherCa, client, selfSigned, stranger } = certificates;
    await using worker = new GearmanWorker({ servers: [server.address], codec: textCodec });
    worker.add("reverse", (job) => [...job.data].reverse().join(""));
    const working = worker.run();
    await using relay = await TlsRelay.start(server.port, certificates.server);
    await using strange = await TlsRelay.start(server.port, stranger);
    await using own = await TlsRelay.start(server.port, selfSigned);
    await using strict = await TlsRelay.start(server.port, certificates.server, ca.cert);
    const at = ({ port }: TlsRelay) => `localhost:${port}`;
    const trusted = { ca: text(ca.cert) };
    const shown = { ...trusted, certificate: text(client.cert), key: readFileSync(client.key) };

    assert.equal(await outcome(at(relay), { ca: readFileSync(ca.cert) }), "cba");
    assert.equal(await outcome(at(relay), { ca: text(otherCa.cert) + text(ca.cert) }), "cba");
    assert.match(await outcome(at(relay), true), /^TLS_FAILED The certificate .* is not trusted: /);
    assert.match(
      await outcome(at(relay), { ca: text(otherCa.cert) }),
      /^TLS_FAILED The certificate of "localhost:\d+" is not trusted: /,
    );

    assert.match(
      await outcome(at(strange), trusted),
      /^TLS_FAILED The certificate .* not for that name/,
    );
    assert.equal(await outcome(at(strange), { ...trusted, serverName: "db.example" }), "cba");
    assert.equal(
      await outcome(`127.0.0.1:${strange.port}`, { ...trusted, serverName: "db.example" }),
      "cba",
    );

    assert.match(
      await outcome(at(own), trusted),
      /^TLS_FAILED The certificate .* is not trusted: /,
    );
    assert.equal(await outcome(at(own), { ca: text(selfSigned.cert) }), "cba");

    assert.match(
      await outcome(at(strict), trusted),
      /^(TLS_FAILED .* refused the TLS|CONNECTION_LOST)/,
    );
    assert.equal(await outcome(at(strict), shown), "cba");
    assert.equal(await outcome(at(relay), shown), "cba");
    await worker.stop();
    await working;
  },
);

testOnBoth("where only one side speaks TLS, the error says so", async (server) => {
  await using certificates = await makeCertificates();
  const tls = { ca: text(certificates.ca.cert) };
  assert.match(
    await outcome(`localhost:${server.port}`, tls),
    /^TLS_FAILED .*not speak TLS/,
  );
  await using relay = await TlsRelay.start(server.port, certificates.server);
  assert.match(
    await outcome(`localhost:${relay.port}`, false),
    /^(CONNECTION_LOST .* only one of the two speaks TLS|PROTOCOL .* TLS)/,
  );
});

test("a TLS alert in answer to plain words is told as what it is", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70)));
  });
  const port = await listening(server);
  assert.match(await outcome(`localhost:${port}`, false), /^PROTOCOL .* sent a TLS alert: /);
  await new Promise((resolve) => server.close(resolve));
});

test("a TLS handshake that gets no answer ends with its time, or when it is aborted", async () => {
  const silent = createServer((socket) => void socket.on("error", () => {}).resume());
  const port = await listening(silent);
  const servers = [`localhost:${port}`];
  using hasty = new GearmanClient({ servers, tls: true, connectTimeoutMs: 100 });
  await assert.rejects(hasty.do("x", new Uint8Array(0)).result, (error) => {
    assert.ok(error instanceof GearmanError);
    assert.deepEqual([error.code, /no answer in 100 ms/.test(error.message)], ["TLS_FAILED", true]);
    return true;
  });
  const connected = once(silent, "connection");
  await using worker = new GearmanWorker({ servers, tls: true });
  const working = worker.run();
  const [socket] = await deadline(connected, PATIENCE_MS, "the worker to connect");
  await deadline(worker.stop(), PATIENCE_MS, "the worker to stop in the handshake");
  await working;
  if (!(socket as Socket).closed) {
    await deadline(once(socket as Socket, "close"), PATIENCE_MS, "the end");
  }
  await new Promise((resolve) => silent.close(resolve));
});

test(
  "TLS options that cannot work are refused before there is a connection",
  { skip },
  async () => {
    await using certificates = await makeCertificates();
    const { client, otherCa } = certificates;
    const [certificate, key] = [text(client.cert), text(client.key)];
    const wrong: readonly (readonly [TlsOptions, RegExp])[] = [
      [{ ca: "" }, /ca has no certificate/],
      [{ ca: key }, /ca has no certificate/],
      [
        { ca: certificate.replace(/[A-Za-z0-9]{20}/g, "A".repeat(20)) },
        /ca has a certificate that cannot/,
      ],
      [{ certificate }, /go together/],
      [{ key }, /go together/],
      [{ certificate, key: certificate }, /key is not a private key/],
      [{ certificate, key: text(otherCa.key) }, /key is not that of certificate/],
      [{ serverName: "127.0.0.1" }, /serverName "127.0.0.1" is not a name/],
      [{ serverName: "" }, /serverName "" is not a name/],
    ];
    for (const [tls, message] of wrong) {
      for (const make of [GearmanClient, GearmanWorker]) {
        assert.throws(() => new make({ servers: ["a"], tls }), {
          code: "INVALID_ARGUMENT",
          message,
        });
        const servers = [{ address: "a", tls }];
        assert.throws(() => new make({ servers }), { code: "INVALID_ARGUMENT", message });
      }
    }
  },
);
