/** Why a server is asked to stop. */
export type StopReason = 'SIGTERM' | 'SIGINT' | 'parent gone'

export type StopOptions = {
  /** Process whose death means ours: npm dies on SIGTERM without passing it on (operating contract 6.12). */
  readonly parentPid?: number
  readonly pollMs?: number
}

/** Resolves at the first signal to stop, or when the parent is no longer ours. */
export function whenToStop({ parentPid, pollMs = 500 }: StopOptions): Promise<StopReason> {
  const { promise, resolve } = Promise.withResolvers<StopReason>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  if (parentPid !== undefined) {
    const timer = setInterval(() => {
      if (process.ppid === parentPid) return
      clearInterval(timer)
      resolve('parent gone')
    }, pollMs)
    timer.unref()
  }
  return promise
}

/** `POLYFACTOR_PARENT_PID`, which the launcher sets to its own process id. */
export function readParentPid(value: string | undefined): number | undefined {
  return value !== undefined && /^[1-9]\d{0,9}$/.test(value) ? Number(value) : undefined
}
