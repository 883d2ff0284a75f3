/** The processes that serve the same ports. What has to be right goes by the database; this is for figures and tools. */
export interface Siblings {
  /** What this process answers when it is asked about a topic. */
  handle(topic: string, answer: (value: unknown) => unknown): void
  /**
   * Asks all of them, this one included; answers come in no order, and one that does not come within a second is left
   * out. `keep`: processes that start later are told the same.
   */
  everybody(topic: string, value?: unknown, options?: { readonly keep?: boolean }): Promise<readonly unknown[]>
}

/** There is no other process. */
export function alone(): Siblings {
  const handlers = new Map<string, (value: unknown) => unknown>()
  return {
    handle: (topic, answer) => void handlers.set(topic, answer),
    everybody: async (topic, value) => [await handlers.get(topic)?.(value)],
  }
}
