/** Whether the limit of open files of a running process can be changed. */
export const canLimitFiles = process.platform === "linux" && Bun.which("prlimit") !== null;

/** Sets the number of files that a running process may have open. */
export async function limitFiles(pid: number, count: number): Promise<void> {
  const { exited } = Bun.spawn(["prlimit", `--pid=${pid}`, `--nofile=${count}:`]);
  if ((await exited) !== 0) throw new Error(`The limit of open files of process ${pid} could not be set.`);
}
