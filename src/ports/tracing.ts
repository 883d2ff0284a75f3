/**
 * What a span may carry: ids and words of ours. Never a code, token, address, name, query or body (S-148); every place
 * that makes a span lists its attributes one by one.
 */
export type TraceAttributes = Readonly<Record<string, string | number | boolean>>

export interface SpanOptions {
  readonly kind?: 'server' | 'client'
  /** `traceparent` of a caller (W3C Trace Context), whose trace it continues. */
  readonly traceparent?: string
}

/** Where spans go; a span made within the work of another is its child. */
export interface Tracing {
  /** Does the work within a span; `note` adds what is known only afterwards, `fail` marks it as failed. */
  span<T>(
    name: string,
    attributes: TraceAttributes,
    work: (note: (more: TraceAttributes) => void, fail: (reason: string) => void) => Promise<T>,
    options?: SpanOptions,
  ): Promise<T>
}
