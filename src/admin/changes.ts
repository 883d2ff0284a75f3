import type { Api, Application } from '#model/application.ts'
import type { TenantId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import type { Webhook } from '#model/webhook.ts'
import { type Decision, insert, put, type Ref, remove, row, type Write } from '#ports/store.ts'
import { isSame } from './apply.ts'
import type { Call } from './operation.ts'
import { conflict, notFound, type Problem } from './problems.ts'

type Settings = { tenants: Tenant; apis: Api; applications: Application; webhooks: Webhook }
type AnyCall = Pick<Call<unknown, unknown, unknown>, 'admin' | 'audit'>

/** Adds a row with its audit row, unless one of that id is there. */
export async function addRow<T extends keyof Settings>(
  call: AnyCall,
  table: T,
  it: Settings[T],
): Promise<Problem | undefined> {
  const refs = { it: row(table, it.tenant, it.id) as Ref }
  return await call.admin.parts.store.change(refs, (found): Decision<Problem | undefined> => {
    if (found.it !== undefined) return { result: conflict('There is one of this name already') }
    return { result: undefined, writes: [insert(table, it as never) as Write, changed(call, table, it, 'created')] }
  })
}

/** Replaces a row by what `make` makes of it, with its audit row; one that stays the same writes nothing. */
export async function changeRow<T extends keyof Settings>(
  call: AnyCall,
  table: T,
  tenant: TenantId,
  id: string,
  make: (before: Settings[T]) => Settings[T] | Problem,
): Promise<{ readonly row: Settings[T]; readonly problem?: undefined } | Problem> {
  const refs = { it: row(table, tenant, id) as Ref }
  return await call.admin.parts.store.change(
    refs,
    (found): Decision<{ row: Settings[T]; problem?: undefined } | Problem> => {
      const before = found.it as Settings[T] | undefined
      if (before === undefined) return { result: notFound }
      const after = make(before)
      if ('problem' in after) return { result: after as Problem }
      const writes = isSame(before, after)
        ? []
        : [put(table, after as never) as Write, changed(call, table, after, 'updated')]
      return { result: { row: after as Settings[T] }, writes }
    },
  )
}

/** Removes a row with its audit row; false: there was none. */
export async function removeRow<T extends keyof Settings>(
  call: AnyCall,
  table: T,
  tenant: TenantId,
  id: string,
): Promise<boolean> {
  const refs = { it: row(table, tenant, id) as Ref }
  return await call.admin.parts.store.change(refs, (found): Decision<boolean> => {
    const it = found.it as Settings[T] | undefined
    if (it === undefined) return { result: false }
    return { result: true, writes: [remove(table, tenant, id), changed(call, table, it, 'deleted')] }
  })
}

const changed = (call: AnyCall, what: keyof Settings, { tenant, id }: Settings[keyof Settings], change: string) =>
  call.audit(tenant, 'admin.change', { details: { what, id, change } })
