import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import type { Exit } from './exit.ts'
import { AdminRefused, type Offline, withAdmin } from './offline.ts'
import { terminal } from './terminal.ts'

interface Common {
  readonly config?: string
  readonly tenant?: string
}

interface UserAnswer {
  readonly id: string
  readonly email?: string
  readonly username?: string
  readonly phone_number?: string
  readonly blocked: boolean
  readonly mfa_enabled: boolean
}

/** Users a call of the import takes. */
const batch = 100

/** `users list|create|import|reset-mfa`: the admin API on the command line. */
export function usersCommand(exit: Exit): Command {
  const users = new Command('users').description('list, create and import users; reset their second factors')
  const verb = (name: string, description: string) =>
    users
      .command(name)
      .description(description)
      .option('--config <file>', 'configuration file; else POLYFACTOR_CONFIG, else the demo')
      .option('--tenant <id>', 'tenant; the first one when absent')
  verb('list', 'list users')
    .option('--email <address>', 'only the user of this address')
    .option('--json', 'one JSON object a line')
    .action((options: Common & { email?: string; json?: boolean }) =>
      withAdmin(options, exit, (admin) => list(admin, options)),
    )
  verb('create', 'create a user; a password is read from standard input with --password-stdin')
    .requiredOption('--email <address>', 'e-mail address')
    .option('--email-verified', 'the address is known to be theirs')
    .option('--username <name>', 'user name')
    .option('--name <name>', 'name to show')
    .option('--password-stdin', 'read the password from standard input, so that no process list shows it (S-161)')
    .action((options: Common & CreateOptions) => withAdmin(options, exit, (admin) => create(admin, options)))
  verb('import', 'import users from a JSON file: an array, or {"users": […]}, as the admin API takes them')
    .argument('<file>', 'JSON file')
    .action((file: string, options: Common) => withAdmin(options, exit, (admin) => importFile(admin, file, exit)))
  verb('reset-mfa', 'remove all second factors of a user; they are told')
    .argument('<user>', 'id or e-mail address')
    .requiredOption('--reason <text>', 'why; goes into the audit trail')
    .action((user: string, options: Common & { reason: string }) =>
      withAdmin(options, exit, (admin) => resetMfa(admin, user, options.reason)),
    )
  return users
}

async function list(
  admin: Offline,
  { email, json }: { readonly email?: string; readonly json?: boolean },
): Promise<void> {
  for await (const user of everyUser(admin, email)) {
    if (json) terminal.out(JSON.stringify(user))
    else
      terminal.out([user.id, user.email ?? user.username ?? user.phone_number ?? '', marks(user)].join('\t').trimEnd())
  }
}

const marks = ({ blocked, mfa_enabled }: UserAnswer): string =>
  [blocked && 'blocked', mfa_enabled && 'mfa'].filter(Boolean).join(' ')

async function* everyUser(admin: Offline, email?: string): AsyncGenerator<UserAnswer> {
  for (let after: string | undefined; ; ) {
    const query = new URLSearchParams({ limit: '100', ...(after && { after }), ...(email && { email }) })
    const page = (await admin.call('GET', `/users?${query}`)) as { items: readonly UserAnswer[]; next?: string | null }
    yield* page.items
    if (!page.next) return
    after = page.next
  }
}

interface CreateOptions {
  readonly email: string
  readonly emailVerified?: boolean
  readonly username?: string
  readonly name?: string
  readonly passwordStdin?: boolean
}

async function create(admin: Offline, options: CreateOptions): Promise<void> {
  const password = options.passwordStdin ? readFileSync(0, 'utf8').replace(/\r?\n$/, '') : undefined
  const { email, username, name } = options
  const body = { email, username, name, password, ...(options.emailVerified ? { email_verified: true } : {}) }
  const made = (await admin.call('POST', '/users', body)) as UserAnswer
  terminal.out(made.id)
}

async function importFile(admin: Offline, file: string, exit: Exit): Promise<void> {
  const users = readUsers(file)
  let created = 0
  for (let from = 0; from < users.length; from += batch) {
    const answer = (await admin.call('POST', '/users/import', {
      users: users.slice(from, from + batch),
    })) as ImportAnswer
    created += answer.created
    for (const { index, status, error, details } of answer.results) {
      if (status !== 'failed') continue
      const why = details?.map((it) => `${it.path} ${it.message}`.trim()).join('; ') ?? ''
      terminal.err(`user ${from + index}: ${error} ${why}`.trimEnd())
    }
    terminal.err(`${Math.min(from + batch, users.length)} of ${users.length} read, ${created} created`)
  }
  terminal.out(`${created} created, ${users.length - created} failed`)
  if (created < users.length) exit(1)
}

interface ImportAnswer {
  readonly created: number
  readonly results: readonly {
    readonly index: number
    readonly status: 'created' | 'failed'
    readonly error?: string
    readonly details?: readonly { readonly path: string; readonly message: string }[]
  }[]
}

function readUsers(file: string): readonly unknown[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new AdminRefused(`${file} cannot be read as JSON: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
  const list = Array.isArray(parsed) ? parsed : (parsed as { users?: unknown } | null)?.users
  if (!Array.isArray(list)) throw new AdminRefused(`${file} holds neither an array nor {"users": […]}`)
  return list
}

async function resetMfa(admin: Offline, user: string, reason: string): Promise<void> {
  const found = user.includes('@') ? (await everyUser(admin, user).next()).value : undefined
  const id = (found as UserAnswer | undefined)?.id ?? user
  const answer = (await admin.call('POST', `/users/${encodeURIComponent(id)}/authenticators/reset`, { reason })) as {
    readonly removed?: number
  }
  terminal.out(`${answer?.removed ?? 'all'} authenticators removed`)
}
