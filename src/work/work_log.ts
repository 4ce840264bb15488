/** How much a line matters, from the worst. */
export type WorkLogLevel = "ERROR" | "WARNING" | "NOTICE" | "INFO" | "DEBUG";

/** Writes one line of the log. */
export type WorkLog = (level: WorkLogLevel, text: string) => void;
