import { createFakeClock } from './fake-clock.ts'
import { openWorld } from './world.ts'

/** What the first server asks of the second: to answer so many times at once, each in the flow of its turn. */
export interface Redeem {
  readonly now: number
  readonly handles: readonly string[]
  readonly to: { readonly challenge: string } | { readonly kind: string }
  readonly proof: string
}

/**
 * TESTS ONLY: another process on the same database file. Run it by `fork` with the database's URL as argument; it says
 * `ready`, and answers each `Redeem` with the list of what came out (null where it was granted).
 */
async function main(url: string): Promise<void> {
  const clock = createFakeClock()
  const world = await openWorld({ url, clock, seed: `process ${process.pid}` })
  process.on('message', async ({ now, handles, to, proof }: Redeem) => {
    clock.advance((now - clock.now()) / 1_000)
    const flows = await Promise.all(handles.map((handle) => world.flowOf(handle)))
    const outcomes = await Promise.all(flows.map((flow) => world.answer(flow, to, proof)))
    process.send?.(outcomes.map((it) => ({ no: it.no ?? null, codes: it.yes?.show?.codes ?? [] })))
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.('ready')
}

await main(process.argv[2] ?? '')
