export interface Memory {
  readonly residentBytes: number | null;
  readonly heapBytes: number | null;
}

/**
 * Returns the memory that the process uses. It is not known while no file descriptor is free,
 * because the runtime reads it from a file (Bun 1.4.5).
 */
export function memoryInUse(): Memory {
  try {
    const { rss: residentBytes, heapUsed: heapBytes } = process.memoryUsage();
    return { residentBytes, heapBytes };
  } catch {
    return { residentBytes: null, heapBytes: null };
  }
}
