/** A command of its own behind `cogd`: `cogd gearman …`. Answers the exit code. */
export type Role = (
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
) => Promise<number>;
