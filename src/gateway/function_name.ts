/** Longest function name, bytes: as C's clients take it. */
export const MAX_FUNCTION_BYTES = 511;
