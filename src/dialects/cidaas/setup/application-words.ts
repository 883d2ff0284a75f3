import { configSchema } from '#config/schema.ts'
import type { Application, ApplicationType } from '#model/application.ts'
import type { MfaMode, MfaRule } from '#model/policy.ts'
import type { Dialect } from '../dialect.ts'
import { type Input, isRecord } from '../input.ts'
import { grants } from '../token/token.ts'
import { factorOf, methodWord, wordOf } from '../words.ts'

/** What the configuration may say of an application; the same rules hold here. */
const rules = configSchema.shape.tenants.element.in.shape.applications.unwrap().element.in.shape

const modes: readonly string[] = ['OFF', 'ALWAYS', 'SMART', 'TIME_BASED', 'SMART_PLUS_TIME_BASED']

/** cidaas' kinds of client, and ours. */
const types: Readonly<Record<string, ApplicationType>> = {
  SINGLE_PAGE: 'spa',
  REGULAR_WEB: 'web',
  NON_INTERACTIVE: 'machine',
  IOS: 'native',
  ANDROID: 'native',
  NATIVE: 'native',
}
const typeNames: Readonly<Record<ApplicationType, string>> = {
  spa: 'SINGLE_PAGE',
  web: 'REGULAR_WEB',
  machine: 'NON_INTERACTIVE',
  native: 'NATIVE',
}

/** The kind of an application by cidaas' word; a page in a browser unless it says otherwise. */
export const typeOf = (word: string | undefined): ApplicationType | undefined => types[word ?? 'SINGLE_PAGE']

/** Settings as they were sent: only those that were. `bad`: the first that could not be read. */
export type Settings = { readonly settings: Partial<Application>; readonly bad?: undefined } | { readonly bad: string }

/** Reads the settings of cidaas.md §7.4 this server has; unknown ones are ignored. */
export function settingsOf(dialect: Dialect, input: Input): Settings {
  const out: { -readonly [K in keyof Application]?: Application[K] } = {}
  for (const [name, read] of Object.entries(readers)) {
    const sent = input.raw(name)
    if (sent === undefined || sent === null) continue
    const found = read(sent, dialect)
    if (found === undefined) return { bad: name }
    Object.assign(out, together(out, found))
  }
  return { settings: out }
}

/** Some lists have two names here and one in an application: both sent, they are one list. */
function together(before: Partial<Application>, found: Partial<Application>): Partial<Application> {
  const union = (name: 'logoutUris' | 'allowedOrigins') =>
    before[name] && found[name] ? { [name]: [...new Set([...before[name], ...found[name]])] } : {}
  return { ...found, ...union('logoutUris'), ...union('allowedOrigins') }
}

type Reader = (sent: unknown, dialect: Dialect) => Partial<Application> | undefined

const uris =
  (
    member: 'redirectUris' | 'logoutUris' | 'allowedOrigins',
    rule: 'redirect_uris' | 'logout_uris' | 'allowed_origins',
  ) =>
  (sent: unknown): Partial<Application> | undefined => {
    const parsed = rules[rule].safeParse(sent)
    return parsed.success ? { [member]: parsed.data } : undefined
  }

const readers: Readonly<Record<string, Reader>> = {
  client_name: (sent) => (typeof sent === 'string' && sent.length <= 200 ? { name: sent } : undefined),
  redirect_uris: uris('redirectUris', 'redirect_uris'),
  allowed_logout_urls: uris('logoutUris', 'logout_uris'),
  post_logout_redirect_uris: uris('logoutUris', 'logout_uris'),
  allowed_origins: uris('allowedOrigins', 'allowed_origins'),
  allowed_web_origins: uris('allowedOrigins', 'allowed_origins'),
  backchannel_logout_uri: (sent) => {
    const parsed = rules.backchannel_logout_uri.safeParse(sent)
    return parsed.success ? { backchannelLogoutUri: parsed.data } : undefined
  },
  // Grants this dialect does not have (implicit, internal) are left out, as the answer shows.
  grant_types: (sent) => {
    if (!Array.isArray(sent)) return undefined
    const known = sent.filter((it): it is string => typeof it === 'string' && Object.hasOwn(grants, it))
    return known.length === 0 ? undefined : { grantTypes: [...new Set(known)] }
  },
  mfa: (sent, dialect) => {
    const mfa = ruleOf(dialect, sent)
    return mfa && { mfa }
  },
  communication_medium_verification: (sent) => {
    if (typeof sent !== 'string') return undefined
    const email = /email|both/i.test(sent)
    const mobile = /mobile|both/i.test(sent)
    return { needsVerifiedEmail: email ? true : undefined, needsVerifiedPhone: mobile ? true : undefined }
  },
  isGroupLoginSelectionEnabled: (sent) =>
    typeof sent !== 'boolean' ? undefined : sent ? {} : { groupSelection: undefined },
  groupSelection: (sent) => {
    if (!isRecord(sent)) return undefined
    const { alwaysShowGroupSelection: always, selectableGroups: groups, selectableGroupTypes } = sent
    const parsed = rules.group_selection.safeParse({ always, groups, types: selectableGroupTypes })
    return parsed.success ? { groupSelection: parsed.data } : undefined
  },
  hosted_page_group: (sent) => (typeof sent === 'string' && sent.length <= 100 ? { pageGroup: sent } : undefined),
}

/** The rule an `mfa` object stands for; undefined when it is none. Methods this server does not have allow nothing. */
export function ruleOf({ engine }: Dialect, mfa: unknown): MfaRule | undefined {
  if (!isRecord(mfa) || typeof mfa.setting !== 'string' || !modes.includes(mfa.setting)) return undefined
  const { setting, time_interval_in_seconds: seconds, allowed_methods: methods } = mfa
  const timed = setting.includes('TIME_BASED')
  if (timed && (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 1)) return undefined
  if (methods !== undefined && !Array.isArray(methods)) return undefined
  const words = (methods ?? []).map((it: unknown) => methodWord(typeof it === 'string' ? it : undefined))
  if (words.includes(undefined)) return undefined
  const allowedFactors = words.flatMap((word) => factorOf(word as string, engine.parts.factors)?.kind ?? [])
  if (words.length > 0 && allowedFactors.length === 0) return undefined
  return {
    mode: setting as MfaMode,
    ...(timed ? { timeBasedSeconds: seconds as number } : {}),
    ...(words.length > 0 ? { allowedFactors } : {}),
  }
}

/** An application in cidaas' words; never a secret. */
export function view({ engine }: Dialect, it: Application): object {
  const words = it.mfa?.allowedFactors?.flatMap((kind) => {
    const factor = engine.parts.factors.get(kind)
    return factor ? [wordOf(factor.traits)] : []
  })
  const media = [...(it.needsVerifiedEmail ? ['email'] : []), ...(it.needsVerifiedPhone ? ['mobile'] : [])]
  return {
    client_id: it.id,
    client_name: it.name,
    client_type: typeNames[it.type],
    redirect_uris: it.redirectUris,
    allowed_logout_urls: it.logoutUris,
    post_logout_redirect_uris: it.logoutUris,
    allowed_origins: it.allowedOrigins,
    allowed_web_origins: it.allowedOrigins,
    ...(it.backchannelLogoutUri === undefined ? {} : { backchannel_logout_uri: it.backchannelLogoutUri }),
    grant_types: it.grantTypes,
    response_types: ['code'],
    hosted_page_group: it.pageGroup ?? 'default',
    ...(media.length === 0
      ? {}
      : { communication_medium_verification: `${media.join('_and_')}_verification_required_on_usage` }),
    isGroupLoginSelectionEnabled: it.groupSelection !== undefined,
    ...(it.groupSelection === undefined
      ? {}
      : {
          groupSelection: {
            alwaysShowGroupSelection: it.groupSelection.always === true,
            selectableGroups: it.groupSelection.groups ?? [],
            selectableGroupTypes: it.groupSelection.types ?? [],
          },
        }),
    mfa: {
      setting: it.mfa?.mode ?? 'OFF',
      ...(it.mfa?.timeBasedSeconds === undefined ? {} : { time_interval_in_seconds: it.mfa.timeBasedSeconds }),
      ...(words === undefined ? {} : { allowed_methods: words }),
    },
  }
}
