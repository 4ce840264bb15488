/**
 * Largest workload, bytes. PostgreSQL takes messages and values of up to 1 GiB, but holds one several times
 * while it stores it; this is what a packet may have by default.
 */
export const MAX_WORKLOAD_BYTES = 256 * 1024 * 1024;
