/** A binary heap: `peek` and `pop` answer the item that comes first by `before`. */
export class Heap<Item> {
  readonly #items: Item[] = [];
  readonly #before: (a: Item, b: Item) => boolean;

  constructor(before: (a: Item, b: Item) => boolean) {
    this.#before = before;
  }

  get length(): number {
    return this.#items.length;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  /** The first item that passes; looks at those before it, and at no more than their neighbours. */
  first(passes: (item: Item) => boolean): Item | undefined {
    return this.#firstFrom(0, passes);
  }

  #firstFrom(at: number, passes: (item: Item) => boolean): Item | undefined {
    const item = this.#items[at];
    if (item === undefined || passes(item)) return item;
    const left = this.#firstFrom(2 * at + 1, passes);
    const right = this.#firstFrom(2 * at + 2, passes);
    if (left === undefined || right === undefined) return left ?? right;
    return this.#before(right, left) ? right : left;
  }

  push(item: Item): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(item, items[parent]!)) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): Item | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last !== undefined && items.length > 0) this.#sink(last);
    return first;
  }

  /** How many items pass. */
  count(passes: (item: Item) => boolean): number {
    let count = 0;
    for (const item of this.#items) if (passes(item)) count++;
    return count;
  }

  /** Keeps only the items that pass. */
  filter(keep: (item: Item) => boolean): void {
    const kept = this.#items.filter(keep);
    this.#items.length = 0;
    for (const item of kept) this.push(item);
  }

  /** Puts `item` where the first one was and lets it sink to its place. */
  #sink(item: Item): void {
    const items = this.#items;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#before(items[child + 1]!, items[child]!)) child++;
      if (!this.#before(items[child]!, item)) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = item;
  }
}
