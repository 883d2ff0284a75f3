import { after, before } from 'node:test'
import type { Store } from '#ports/store.ts'
import { durableStoreContract, storeContract } from '#test/contracts/store.contract.ts'
import { type PostgresServer, postgresKinds, startPostgres } from '#test/support/postgres.ts'
import { openStore } from './open.ts'

for (const kind of postgresKinds()) {
  let server: PostgresServer
  let databases = 0
  const open = async (name: string): Promise<Store> => openStore(await server.database(name))
  before(async () => {
    server = await startPostgres(kind)
  })
  after(() => server.remove())

  storeContract(kind.name, () => open(`contract${databases++}`))
  durableStoreContract(kind.name, () => open('durable'))
}
