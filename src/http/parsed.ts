/** Bounds of parsed input (security contract S-154). */
export interface BodyLimits {
  /** Levels of nesting of objects and arrays. */
  readonly depth: number
  /** Keys of one object, or fields of one form or query. */
  readonly keys: number
  /** Items of one array. */
  readonly items: number
  /** Bytes of one string in UTF-8. */
  readonly stringBytes: number
}

export const bodyLimits: BodyLimits = { depth: 20, keys: 200, items: 1_000, stringBytes: 8 * 1024 }

/** Input read, or why it is malformed; `detail` never quotes the input. */
export type Parsed<V = unknown> =
  | { readonly ok: true; readonly value: V; readonly repeated: readonly string[] }
  | { readonly ok: false; readonly detail: string }

export function malformed(detail: string): { readonly ok: false; readonly detail: string } {
  return { ok: false, detail }
}
