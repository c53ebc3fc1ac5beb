/** Tells of something that must not be. */
export type Violation = (text: string) => void;
