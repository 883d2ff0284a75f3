import { adminBase, adminGroup } from '#admin/group.ts'
import { loadConfig, type Settings } from '#config/load.ts'
import { masterKeyProblem } from '#config/master-key.ts'
import { StartError } from '#config/problem.ts'
import { tokenDigest } from '#crypto/digest.ts'
import { createKeyring } from '#crypto/keyring.ts'
import { createPasswordHasher } from '#crypto/passwords.ts'
import { systemRandom } from '#crypto/random.ts'
import { baseOf } from '#engine/directory.ts'
import { factorMap } from '#factors/index.ts'
import { createServer } from '#http/server.ts'
import type { TenantId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import { createTenantKeys } from '#oidc/keys.ts'
import { systemClock } from '#ops/clock.ts'
import { createLog } from '#ops/log.ts'
import type { Keyring } from '#ports/keyring.ts'
import type { Store } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import type { Exit } from './exit.ts'
import { describeStartFailure } from './start-failure.ts'
import { terminal } from './terminal.ts'

/** The admin API without a server: same checks, same audit rows, on the database of the configuration. */
export interface Offline {
  /** The tenant asked for, else the first one. */
  readonly tenant: string
  /** Calls the admin API; the path begins behind the tenant. @throws AdminRefused for anything but a success */
  call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>
}

/** The admin API said no; the text is for people. */
export class AdminRefused extends Error {
  override readonly name = 'AdminRefused'
}

const channels = new Set(['sms', 'voice', 'email', 'push'])

/**
 * Opens the database of the configuration and hands over the admin API. A server may run beside it on the same
 * database; messages queued here are sent by it.
 */
export async function withAdmin(
  options: { readonly config?: string; readonly tenant?: string },
  exit: Exit,
  work: (admin: Offline) => Promise<void>,
): Promise<void> {
  await withSettings(options, exit, (settings) => onStore(settings, options.tenant, work))
}

/** The database of the configuration and the keys that open it, for verbs the admin API has no words for. */
export interface Opened {
  readonly store: Store
  readonly keyring: Keyring
  /** The tenants asked for: the one named, else all there are. */
  readonly tenants: readonly TenantId[]
}

/** Opens the database of the configuration; a server may run beside it. */
export async function withStore(
  options: { readonly config?: string; readonly tenant?: string },
  exit: Exit,
  work: (opened: Opened) => Promise<void>,
): Promise<void> {
  await withSettings(options, exit, async (settings) => {
    const store = await openStore(settings.databaseUrl)
    try {
      const keyring = createKeyring(settings.masterKeys)
      const problem = await masterKeyProblem(store, keyring)
      if (problem) throw new StartError(problem)
      const ids = await store.everyTenant()
      const first = settings.config.tenants[0]?.id
      // Without a name the configuration's first tenant is the first.
      const ordered = ids.toSorted((a, b) => Number(b === first) - Number(a === first))
      const tenants = options.tenant === undefined ? ordered : ids.filter((id) => id === options.tenant)
      if (tenants.length === 0) throw new AdminRefused(`the database holds no tenant ${options.tenant ?? 'at all'}`)
      await work({ store, keyring, tenants })
    } finally {
      await store.close()
    }
  })
}

async function withSettings(
  options: { readonly config?: string },
  exit: Exit,
  work: (settings: Settings) => Promise<void>,
): Promise<void> {
  const { env, execArgv } = process
  const loaded = await loadConfig({ env, argvConfigPath: options.config, cwd: process.cwd(), execArgv })
  if (!loaded.ok) {
    for (const problem of loaded.problems) terminal.problem(problem)
    return exit(1)
  }
  const { settings } = loaded
  try {
    await work(settings)
  } catch (error) {
    if (!(error instanceof AdminRefused)) terminal.problem(describeStartFailure(error, settings))
    else terminal.problem({ key: 'admin API', problem: error.message, mend: 'Correct it and call again' })
    exit(1)
  }
}

async function onStore(settings: Settings, tenant: string | undefined, work: (admin: Offline) => Promise<void>) {
  const store = await openStore(settings.databaseUrl)
  try {
    const keyring = createKeyring(settings.masterKeys)
    const problem = await masterKeyProblem(store, keyring)
    if (problem) throw new StartError(problem)
    const ids = await store.everyTenant()
    const first = tenant ?? settings.config.tenants[0]?.id ?? ids[0]
    if (first === undefined || !(ids as readonly string[]).includes(first)) {
      throw new AdminRefused(`the database holds no tenant ${first ?? 'at all'} yet: start the server once to make it`)
    }
    const parts = {
      store,
      clock: systemClock,
      random: systemRandom,
      keyring,
      passwords: createPasswordHasher(),
      factors: factorMap(),
      channels,
      nudge: () => {},
      addressExempt: () => true,
    }
    const log = createLog({ level: 'silent' })
    const keys = createTenantKeys({ store, keyring, clock: systemClock })
    const token = systemRandom.token()
    const { development } = settings
    const publicBase = (tenant: Tenant) => baseOf(settings.publicUrl, tenant)
    const server = await createServer({
      groups: [adminGroup({ parts, keys, baseOf: publicBase, development, adminTokenDigest: tokenDigest(token), log })],
      resolveTenant: async () => undefined,
      baseOf: () => settings.publicUrl,
      originAllowed: async () => false,
      trustedProxies: [],
      log,
    })
    await work({
      tenant: first,
      async call(method, path, body) {
        const reply = await server.app.inject({
          method,
          url: `${adminBase}/tenants/${encodeURIComponent(first)}${path}`,
          headers: {
            authorization: `Bearer ${token}`,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
        })
        const answer: unknown = reply.payload === '' ? undefined : JSON.parse(reply.payload)
        if (reply.statusCode >= 400) throw new AdminRefused(textOf(answer))
        return answer
      },
    })
    await server.app.close()
  } finally {
    await store.close()
  }
}

/** What the API said, on one line. */
function textOf(answer: unknown): string {
  const { message = 'refused', details = [] } = (answer ?? {}) as {
    message?: string
    details?: readonly { path: string; message: string }[]
  }
  return [message, ...details.map((it) => `${it.path} ${it.message}`)].join('; ')
}
