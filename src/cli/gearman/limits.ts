/** The longest workload or result, bytes: more than servers take by default in one packet. */
export const LONGEST_WORKLOAD = 1024 * 1024 * 1024;
