import assert from "node:assert/strict";
import test from "node:test";
import { DirectResponse } from "../../src/http/direct_response.ts";
import { HeaderList } from "../../src/http/header_list.ts";
import { headerNameAt } from "../../src/http/header_names.ts";
import { Random } from "../support/mod.ts";
import { bytes } from "./requests.ts";

const NAMES = ["Accept", "accept", "X-A", "x-a", "Content-Type", "b"];

test("a list of headers does what the standard's headers do", () => {
  const random = new Random(7);
  for (let round = 0; round < 200; round++) {
    const list = new HeaderList([]);
    const standard = new Headers();
    for (let step = 0; step < 12; step++) {
      const name = random.pick(NAMES);
      const value = `v${random.below(100)}`;
      const both = (change: (headers: Headers) => void) => [list, standard].forEach(change);
      if (random.chance(0.5)) both((headers) => headers.append(name, value));
      else if (random.chance(0.7)) both((headers) => headers.set(name, value));
      else both((headers) => headers.delete(name));
      for (const one of NAMES) {
        assert.equal(list.get(one), standard.get(one));
        assert.equal(list.has(one), standard.has(one));
      }
      assert.deepEqual([...list], [...standard]);
      assert.deepEqual([...list.keys()], [...standard.keys()]);
      assert.deepEqual([...list.values()], [...standard.values()]);
      const told: string[][] = [];
      list.forEach((value, name) => told.push([name, value]));
      assert.deepEqual(told, [...standard]);
      assert.deepEqual([...new Headers(list)], [...standard]);
    }
  }
});

test("cookies stay apart, as they cannot be joined", () => {
  const list = new HeaderList([["set-cookie", "a=1"], ["x", "1"], ["set-cookie", "b=2"]]);
  assert.deepEqual(list.getSetCookie(), ["a=1", "b=2"]);
  const told: string[] = [];
  list.forEach((value, name) => told.push(`${name}: ${value}`));
  assert.deepEqual(told.toSorted(), ["set-cookie: a=1", "set-cookie: b=2", "x: 1"]);
});

test("no header gets a name or a value that would end its line", () => {
  const list = new HeaderList([]);
  for (const value of ["a\r\nb: c", "a\nb", "a\0b", "\u20ac"]) {
    assert.throws(() => list.set("x", value), TypeError);
    assert.throws(() => new DirectResponse(bytes(""), { headers: { x: value } }), TypeError);
  }
  for (const name of ["", "a b", "a:", "a\r\n", "ä"]) {
    assert.throws(() => list.set(name, "x"), TypeError, name);
  }
  assert.deepEqual([...list], []);
  for (const status of [0, 101, 199, 600, NaN]) {
    assert.throws(() => new DirectResponse(bytes(""), { status }), RangeError);
  }
});

test("names are read rightly whatever was read before them", () => {
  const random = new Random(8);
  const letters = "ab-XY".split("");
  for (let round = 0; round < 5000; round++) {
    const name = Array.from({ length: random.between(1, 45) }, () => random.pick(letters)).join("");
    assert.equal(headerNameAt(`?${name}: 1`, 1, 1 + name.length), name.toLowerCase());
    assert.equal(headerNameAt(`?${name} : 1`, 1, 2 + name.length), undefined);
  }
});
