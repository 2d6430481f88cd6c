/**
 * Milliseconds for which a processor worked for this process. What some work costs is told by it and not by the clock, which also counts
 * how long other processes had the processor.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
