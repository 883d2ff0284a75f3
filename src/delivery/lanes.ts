/** Work in progress, so many at once a lane: what is slow on one lane holds up no other. */
export interface Lanes<T> {
  /** Puts work behind what waits on a lane; nothing when the same work (by its key) waits or runs already. */
  readonly add: (lane: string, key: string, work: T) => void
  /** Resolves when nothing runs and nothing waits. */
  readonly idle: () => Promise<void>
  /** Drops what waits; what runs goes on. */
  readonly stop: () => void
}

/** `run` must not reject. */
export function createLanes<T>(width: number, run: (work: T) => Promise<void>): Lanes<T> {
  const known = new Set<string>()
  const running = new Set<Promise<void>>()
  const lanes = new Map<string, { busy: number; readonly waiting: { key: string; work: T }[] }>()

  function start(name: string): void {
    const lane = lanes.get(name)
    while (lane !== undefined && lane.busy < width) {
      const next = lane.waiting.shift()
      if (next === undefined) return
      lane.busy++
      const done = run(next.work).finally(() => {
        lane.busy--
        known.delete(next.key)
        running.delete(done)
        start(name)
      })
      running.add(done)
    }
  }

  return {
    add(name, key, work) {
      if (known.has(key)) return
      known.add(key)
      const lane = lanes.get(name) ?? { busy: 0, waiting: [] }
      lanes.set(name, lane)
      lane.waiting.push({ key, work })
      start(name)
    },
    async idle() {
      while (running.size > 0) await Promise.all(running)
    },
    stop() {
      for (const lane of lanes.values()) for (const { key } of lane.waiting.splice(0)) known.delete(key)
    },
  }
}
