/** Job priorities, numbered as every queue module numbers them. */
export const Priority = { HIGH: 0, NORMAL: 1, LOW: 2 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];

/** In the order in which jobs are given out. */
export const PRIORITIES: readonly Priority[] = [Priority.HIGH, Priority.NORMAL, Priority.LOW];
