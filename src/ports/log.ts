/**
 * Where a room says what happens; a pino logger fits. One event is one line (S-149). Never pass a code, secret, token,
 * address or body in `fields` or `message` (S-148).
 */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
