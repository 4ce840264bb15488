/** How often a shorter list is tried: each try starts servers. */
const MOST_TRIES = 150;

/** The list without the items that `fails` does not need, as far as that can be told in some tries. */
export async function shortest<Item>(
  items: readonly Item[],
  fails: (part: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[]> {
  let best = items;
  let tries = MOST_TRIES;
  for (
    let size = Math.ceil(items.length / 2);
    size >= 1 && tries > 0;
    size = Math.floor(size / 2)
  ) {
    for (let at = best.length - size; at > -size && tries > 0; at -= size, tries--) {
      const part = [...best.slice(0, Math.max(0, at)), ...best.slice(at + size)];
      if (part.length < best.length && await fails(part)) best = part;
    }
  }
  return best;
}
