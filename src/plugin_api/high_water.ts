/**
 * Names of the records that keep keys and handles from ever being used twice. Their values are
 * decimal numbers in ASCII: the next number that has certainly not been used. The server writes them
 * in blocks ahead of use; a store that adopts another server's queue reads and raises them.
 */
export const NEXT_KEY_RECORD = "next-key";
export const NEXT_HANDLE_RECORD = "next-handle";
