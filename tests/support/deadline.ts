/**
 * How long a test waits for something that should come at once. Very generous: machines are slow and busy,
 * and a deadline costs nothing where all is well.
 */
export const PATIENCE_MS = 60_000;

/** Something that a test waited for did not come in time. */
export class DeadlineError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DeadlineError";
  }
}

/**
 * The promise's own outcome, or a `DeadlineError` that says what was awaited after `ms` milliseconds.
 * `detail` is asked only then: it adds what was seen so far.
 */
export async function deadline<T>(
  promise: Promise<T>,
  ms: number,
  what: string,
  detail?: () => string,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const seen = detail?.() ?? "";
      reject(
        new DeadlineError(`Waited ${ms} ms in vain for ${what}${seen === "" ? "" : `: ${seen}`}`),
      );
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
