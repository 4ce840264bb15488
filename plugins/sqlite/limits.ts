/**
 * Largest workload in bytes. SQLite takes rows of up to 1,000,000,000 bytes; what is left is far more
 * than the names of a job need.
 */
export const MAX_WORKLOAD_BYTES = 999_000_000;
