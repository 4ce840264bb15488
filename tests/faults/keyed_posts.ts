import assert from "node:assert/strict";

/** Posts at once. */
const POSTERS = 8;
const FUNCTION = "keyed";

/** What a post was answered: its job, or that there was no answer. */
interface Post {
  /** Null: the connection broke before the answer. */
  handle: string | null;
}

/**
 * A client that submits background jobs over HTTP, each with an Idempotency-Key of its own, and knows
 * which job each key was answered with.
 */
export class KeyedPosts {
  readonly #posts = new Map<string, Post>();
  /** What must never happen. */
  readonly faults: string[] = [];
  #next = 0;

  /** Keys that were answered. */
  get answered(): string[] {
    return this.#keys((post) => post.handle !== null);
  }

  /** Keys that were posted and not answered. */
  get unanswered(): string[] {
    return this.#keys((post) => post.handle === null);
  }

  handleOf(key: string): string {
    return this.#posts.get(key)!.handle!;
  }

  /** Posts new keys until the server is gone; `reached` is called when so many more are answered. */
  async postUntilGone(url: string, answers: number, reached: () => void): Promise<void> {
    let left = answers;
    const poster = async () => {
      for (;;) {
        const key = `key-${this.#next++}`;
        this.#posts.set(key, { handle: null });
        if (!await this.post(url, key).catch(() => false)) return;
        if (--left === 0) reached();
      }
    };
    await Promise.all(Array.from({ length: POSTERS }, poster));
  }

  /** Posts a key, for the first time or again. Answers true when it was taken. */
  async post(url: string, key: string): Promise<boolean> {
    const response = await fetch(`${url}/jobs/${FUNCTION}?background=true`, {
      method: "POST",
      headers: { "Idempotency-Key": key },
      body: workloadOf(key),
    });
    const text = await response.text();
    if (response.status !== 202) {
      this.faults.push(`${key} was answered ${response.status} ${text}`);
      return false;
    }
    const { handle } = JSON.parse(text) as { handle: string };
    const post = this.#posts.get(key)!;
    if (post.handle !== null && post.handle !== handle) {
      this.faults.push(`${key} made ${post.handle}, and ${handle} when it was repeated`);
    }
    post.handle = handle;
    return true;
  }

  /** Of these keys, what the server says of the jobs: how many are in each state. */
  async states(url: string, keys: readonly string[]): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const key of keys) {
      const response = await fetch(`${url}/jobs/${encodeURIComponent(this.handleOf(key))}`);
      const text = await response.text();
      const state = response.status === 200
        ? (JSON.parse(text) as { state: string }).state
        : `answered ${response.status}`;
      if (response.status !== 200) this.faults.push(`the job of ${key} was lost: ${text}`);
      counts[state] = (counts[state] ?? 0) + 1;
    }
    return counts;
  }

  /** The job of each key must have the result that its worker sent. */
  async checkResults(url: string): Promise<void> {
    for (const key of this.answered) {
      const response = await fetch(`${url}/jobs/${encodeURIComponent(this.handleOf(key))}/result`);
      const text = await response.text();
      assert.equal(`${response.status} ${text}`, `200 ${resultOf(workloadOf(key))}`, key);
    }
  }

  #keys(matches: (post: Post) => boolean): string[] {
    return [...this.#posts].filter(([, post]) => matches(post)).map(([key]) => key);
  }
}

/** The function that the jobs are for. */
export const KEYED_FUNCTION = FUNCTION;

function workloadOf(key: string): string {
  return `workload of ${key}`;
}

/** What a worker answers to a workload. */
export function resultOf(workload: string): string {
  return `done: ${workload}`;
}
