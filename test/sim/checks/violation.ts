/** Reports that something happened that must not happen. */
export type Violation = (text: string) => void;
