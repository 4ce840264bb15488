import assert from "node:assert/strict";
import process from "node:process";
import test from "node:test";
import { OPTION_NAMES, OPTION_PARAMETERS } from "../../../src/gateway/submit/option_parameters.ts";
import { Random, seedFrom } from "../../support/mod.ts";
import type { Asked } from "../asking.ts";
import { SubmitScene } from "../submit_scene.ts";

const REQUESTS = 1500;

const VALUES = [
  "",
  "true",
  "false",
  "0",
  "1",
  "-1",
  "30s",
  "1e9",
  "high",
  "x".repeat(70),
  "%00",
  "%FF%FE",
  "%C3%A4",
  "2030-01-01T00:00:00Z",
  "999999999999",
  "*+*+*+*+*",
  "99+*+*+*+*",
  "Europe/Berlin",
  "-",
  "null",
  "%",
];
/** A value that is right, by option. */
const SOUND = new Map(OPTION_PARAMETERS.map(({ name, example }) => [name, String(example)]));
const HEADER_VALUES = VALUES.filter((value) => !value.includes("%"));
const ADDRESSES = [
  "/jobs/f",
  "/jobs",
  "/jobs/%00",
  "/jobs/%F",
  "/jobs/a%2Fb",
  "/jobs/%F0",
  "/f",
  "/",
];
const MEDIA_TYPES = [
  "application/json",
  "application/vnd.gearman.job+json",
  "application/x-ndjson",
  "text/plain",
  "",
];
const ACCEPTS = ["*/*", "application/vnd.gearman.job+json", "text/event-stream", "a/b;q=0", ",;,"];

/** Requests of all sorts, sound and unsound, from one row of random numbers. */
class WildRequests {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): { what: string; asked: Asked } {
    const method = this.#oneOf(["POST", "POST", "POST", "PUT", "GET", "HEAD"]);
    const query = this.#some(this.#random.below(3), () => {
      const option = this.#option();
      return `${option}=${this.#valueOf(option, VALUES).replaceAll(" ", "+")}`;
    }).join("&");
    const headers: Record<string, string> = {};
    for (const option of this.#some(this.#random.below(2), () => this.#option())) {
      const name = `${this.#oneOf(["Gearman-", "X-Gearman-"])}${option.replaceAll("_", "-")}`;
      headers[name] = this.#valueOf(option, HEADER_VALUES);
    }
    if (this.#random.chance(0.2)) headers["Idempotency-Key"] = this.#oneOf(HEADER_VALUES);
    if (this.#random.chance(0.3)) {
      headers["Prefer"] = this.#oneOf(["respond-async", "wait=1", "wait=-1", ";,=", "wait=9e9"]);
    }
    if (this.#random.chance(0.5)) headers["Accept"] = this.#oneOf(ACCEPTS);
    const type = this.#oneOf(MEDIA_TYPES);
    if (type !== "") headers["Content-Type"] = type;
    const path = this.#oneOf(ADDRESSES) + (query === "" ? "" : `?${query}`);
    return { what: `${method} ${path}`, asked: { headers, body: this.#body() } };
  }

  #body(): string | Uint8Array {
    const { below, bytes } = { below: this.#random.below(5), bytes: this.#random };
    if (below === 0) return bytes.bytes(this.#random.below(100));
    const value = below === 1
      ? this.#some(4, () => this.#envelope())
      : this.#random.chance(0.1)
      ? this.#value()
      : this.#envelope();
    const text = JSON.stringify(value);
    const damage = this.#random.below(10) === 0 ? this.#random.below(text.length + 1) : text.length;
    return below === 2 ? `${text}\n\n${text}` : text.slice(0, damage);
  }

  #envelope(): Record<string, unknown> {
    const names = ["payload", "payload_text", "payload_base64", "idempotency_key"];
    const envelope: Record<string, unknown> = this.#random.chance(0.95) ? { function: "f" } : {};
    for (
      const name of this.#some(
        3,
        () => this.#random.chance(0.4) ? this.#oneOf(names) : this.#option(),
      )
    ) {
      envelope[name] = this.#random.chance(0.7) ? SOUND.get(name) ?? "abcd" : this.#value();
    }
    return envelope;
  }

  #value(): unknown {
    return this.#oneOf<unknown>([
      null,
      true,
      false,
      0,
      -1,
      1e300,
      [],
      {},
      [[]],
      "\u0000",
      "\ud800",
      ...VALUES,
    ]);
  }

  #option(): string {
    return this.#random.chance(0.05)
      ? this.#oneOf(["attempts", "atomic", "unknown"])
      : this.#oneOf(OPTION_NAMES);
  }

  #valueOf(option: string, wild: readonly string[]): string {
    return this.#random.chance(0.8) ? SOUND.get(option) ?? "true" : this.#oneOf(wild);
  }

  #some<Item>(most: number, make: () => Item): Item[] {
    return Array.from({ length: this.#random.below(most + 1) }, make);
  }

  #oneOf<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)]!;
  }
}

test("no request, however wild, is the server's fault, and none leaves a wait behind", async () => {
  const seed = seedFrom(process.env);
  const wild = new WildRequests(new Random(seed));
  const scene = await SubmitScene.start({ gateway: { dialect: "sane" } });
  const statuses = new Map<number, number>();
  for (let i = 0; i < REQUESTS; i++) {
    const { what, asked } = wild.next();
    const call = await scene.begin(what, asked);
    if (call.answer === undefined) await call.leave();
    const status = call.answer?.status ?? 0;
    const about = `seed ${seed}: ${what} ${JSON.stringify(asked)} ${call.answer?.text}`;
    assert.ok(status !== 500, about);
    if (status >= 400 && !what.startsWith("HEAD")) {
      assert.match(
        call.answer!.headers.get("content-type") ?? "",
        /^application\/problem\+json$/,
        about,
      );
      assert.equal(call.answer!.json["status"], status, about);
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  assert.deepEqual(scene.waits.counts, { sync: 0, poll: 0, stream: 0 });
  const jobs = [0, 200, 202].reduce((sum, status) => sum + (statuses.get(status) ?? 0), 0);
  assert.ok(jobs > 15 && (statuses.get(400) ?? 0) > 100, `${[...statuses]}`);
  scene.gateway.schedules.close();
});
