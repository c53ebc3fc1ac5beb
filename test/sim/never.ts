/**
 * Returns a promise that never settles, for what a program that has ended still waits for. Each wait
 * has its own: a shared promise would keep everything that ever waited for it in memory.
 */
export function never(): Promise<never> {
  return new Promise(() => {});
}
