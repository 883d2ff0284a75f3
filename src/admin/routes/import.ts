import type { AuthenticatorMaterial } from '#engine/import-authenticator.ts'
import { createAccount } from '../accounts.ts'
import { type Operation, type TenantCall, tenantOperation } from '../operation.ts'
import type { Problem } from '../problems.ts'
import { detailsOf } from '../read.ts'
import { tenantParams } from '../schemas/common.ts'
import {
  type ImportError,
  type ImportResult,
  importAnswer,
  importBody,
  importRow,
  materialOf,
} from '../schemas/import.ts'

const importUsers = tenantOperation({
  method: 'POST',
  path: '/tenants/:tenant/users/import',
  id: 'importUsers',
  tag: 'Users',
  summary: 'Import users',
  description:
    'Up to 100 users (and 64 KiB) a call, with password hashes and the `mfa_factors` of an Auth0 export. Each is taken as a whole or not at all and has a result of its own; a bad one does not stop the others. TOTP secrets from 80 bits on are taken, those under 128 marked as weak.',
  permission: 'write:users',
  params: tenantParams,
  body: importBody,
  responses: { 200: { description: 'What became of each.', schema: importAnswer } },
  async handle(call) {
    const results: ImportResult[] = []
    // One after the other: two rows of one file may name the same address, and the first is to win.
    for (const [index, row] of call.body.users.entries()) results.push(await importUser(call, row, index))
    const created = results.filter((it) => it.status === 'created').length
    return { status: 200, body: { created, failed: results.length - created, results } }
  },
})

async function importUser(
  call: Pick<TenantCall<unknown, unknown, unknown>, 'admin' | 'tenant' | 'audit'>,
  row: unknown,
  index: number,
): Promise<ImportResult> {
  const parsed = importRow.safeParse(row)
  if (!parsed.success) {
    const details = [...detailsOf(parsed.error)]
    const error = details.every(({ path }) => path.startsWith('mfa_factors')) ? 'mfa_factors_failed' : 'invalid'
    return { index, status: 'failed', error, details }
  }
  const { authenticators, mfa_factors = [], ...words } = parsed.data
  const materials: readonly AuthenticatorMaterial[] = [...authenticators, ...mfa_factors.map(materialOf)]
  const made = await createAccount(call, words, materials, { weak: true, source: 'import' })
  if (made.problem) return { index, status: 'failed', ...failure(made, authenticators.length) }
  return { index, status: 'created', id: made.user.id, weak: materials.some(isWeak) || undefined }
}

const isWeak = ({ factor, secret }: AuthenticatorMaterial): boolean =>
  factor === 'totp' && typeof secret === 'string' && bits(secret) < 128
const bits = (base32: string): number => base32.replace(/[ =-]/g, '').length * 5

/** Places in the list of all authenticators, told as places in the two lists they came from. */
function failure(it: Problem, own: number): { readonly error: ImportError; readonly details: ImportResult['details'] } {
  const details = (it.details ?? [{ path: '', message: it.message }]).map(({ path, message }) => ({
    path: path.replace(/^authenticators\[(\d+)\]/, (text, place) =>
      Number(place) < own ? text : `mfa_factors[${Number(place) - own}]`,
    ),
    message,
  }))
  if (it.problem === 'unavailable') return { error: 'busy', details }
  if (it.problem === 'conflict') return { error: 'taken', details }
  return {
    error: details.some(({ path }) => path.startsWith('mfa_factors')) ? 'mfa_factors_failed' : 'invalid',
    details,
  }
}

export const importRoutes: readonly Operation[] = [importUsers]
