/** Reports a violation, which is an event or a state that must never occur. */
export type Violation = (text: string) => void;
