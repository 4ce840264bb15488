const FIRST_CAPACITY = 8;

/** First in, first out, on an array that grows by doubling and shrinks when it is mostly empty. */
export class Ring<Item> {
  #slots: (Item | undefined)[] = [];
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: Item): void {
    if (this.#length === this.#slots.length) {
      this.#resize(Math.max(FIRST_CAPACITY, this.#length * 2));
    }
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length++;
  }

  /** The item at a position; 0 is the one that `shift` would answer. */
  at(position: number): Item | undefined {
    if (position < 0 || position >= this.#length) return undefined;
    return this.#slots[(this.#head + position) & (this.#slots.length - 1)];
  }

  /** The item that `shift` would answer. */
  peek(): Item | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  /** The first item that passes. */
  first(passes: (item: Item) => boolean): Item | undefined {
    for (let at = 0; at < this.#length; at++) {
      const item = this.#slots[(this.#head + at) & (this.#slots.length - 1)]!;
      if (passes(item)) return item;
    }
    return undefined;
  }

  shift(): Item | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    if (this.#slots.length > FIRST_CAPACITY && this.#length < this.#slots.length / 8) {
      this.#resize(this.#slots.length / 2);
    }
    return item;
  }

  /** Keeps only the items that pass, in order. */
  filter(keep: (item: Item) => boolean): void {
    for (let rest = this.#length; rest > 0; rest--) {
      const item = this.shift()!;
      if (keep(item)) this.push(item);
    }
  }

  /** Capacity is a power of two, so that positions wrap by masking. */
  #resize(capacity: number): void {
    const slots: (Item | undefined)[] = new Array(capacity);
    for (let i = 0; i < capacity; i++) {
      slots[i] = i < this.#length
        ? this.#slots[(this.#head + i) & (this.#slots.length - 1)]
        : undefined;
    }
    this.#slots = slots;
    this.#head = 0;
  }
}
