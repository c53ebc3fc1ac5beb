export interface OfMessage {
  readonly app: string;
  readonly message: string;
}
