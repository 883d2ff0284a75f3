import type { TenantId } from '#model/ids.ts'
import { insert, StoreUnavailable, type Write } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import { asTenant, budget, spend } from './store-rows.ts'

/*
 * A process of its own that works on a store beside others: `store-rival.ts URL NAME`, spoken to over IPC.
 * `{ spend: id }`: tries 25 times at once to use a challenge up; answers `{ won }`, which of its tries succeeded.
 * `{ pairs: true }`: inserts pairs of rows until it is killed; tells `{ acknowledged: n }` for each pair answered.
 */
const [url = '', name = ''] = process.argv.slice(2)
const acme: TenantId = asTenant('acme')
const store = await openStore(url)

async function race(id: string): Promise<void> {
  const tries = await Promise.all(Array.from({ length: 25 }, (_, n) => spend(store, acme, id, `${name}${n}`)))
  process.send?.({ won: tries.flatMap((it, n) => (it ? [`${id}-${name}${n}`] : [])) })
}

async function insertPairs(): Promise<never> {
  for (let n = 0; ; ) {
    const group = Array.from({ length: 8 }, async () => {
      const at = n++
      const pair: Write[] = ['left', 'right'].map((side) => insert('budgets', budget(acme, `${name}-${at}-${side}`)))
      await store.change({}, () => ({ result: undefined, writes: pair }))
      process.send?.({ acknowledged: at })
    })
    await Promise.all(group)
  }
}

process.on('message', (message: { readonly spend?: string; readonly pairs?: boolean }) => {
  const work = message.spend === undefined ? insertPairs() : race(message.spend)
  work.catch((error: unknown) => {
    process.send?.({ failed: error instanceof StoreUnavailable ? error.message : String(error) })
  })
})
process.on('disconnect', () => process.exit(0))
process.send?.({ ready: true })
