import * as z from 'zod'
import { checkApplication, checkKeys, checkRoot, checkTenant, checkUser } from './checks.ts'
import * as field from './fields.ts'
import { rule } from './fields.ts'
import { expandGrants, grantWords } from './grants.ts'
import { branding } from './look.ts'
import { messages } from './message-texts.ts'
import { risk } from './risk.ts'

/** Factors a tenant can switch on (operating contract section 3). */
const factorsByDefault = ['password', 'totp', 'sms', 'email', 'voice', 'webauthn', 'push', 'recovery_code'] as const
/** Answers to questions are no factor to rely on: a tenant has them only by naming them. */
export const factorNames = [...factorsByDefault, 'security_question'] as const

const secondFactorNames = factorNames.filter((name) => name !== 'password')

/** Hosted pages that may be replaced by one's own (cidaas contract section 7.1). */
export const pageKeys = [
  'login',
  'login_success',
  'logout_success',
  'register',
  'register_success',
  'register_additional_info',
  'mfa_required',
  'suggest_verification_methods',
  'verification_init',
  'verification_complete',
  'reactivate_verification_method',
  'password_forgot_init',
  'password_set',
  'password_set_success',
  'consent_preview',
  'consent_scopes',
  'device_init_code',
  'device_success_page',
  'group_selection',
  'account_deduplication',
  'status',
  'error',
] as const

const algorithm = z.enum(['RS256', 'ES256', 'EdDSA'])

const mfa = z
  .strictObject({
    mode: z.enum(['OFF', 'ALWAYS', 'SMART', 'TIME_BASED', 'SMART_PLUS_TIME_BASED']).meta({
      description: 'When a second factor is asked for. Write "OFF" in quotes for YAML 1.1 editors.',
    }),
    time_based_seconds: field
      .seconds(1, 365 * 86_400)
      .optional()
      .meta({
        description: 'TIME_BASED modes: seconds a proved second factor lasts for.',
      }),
    allowed_factors: z.array(z.enum(secondFactorNames)).min(1).optional().meta({
      description: 'Factors that satisfy the rule; absent: every factor of the tenant.',
    }),
  })
  .meta({ description: 'How a second factor is asked for.' })

const byCountry = z.record(
  rule(z.string(), isCountryOrOther, 'is no country', 'Use two capital letters, or "other" for the rest'),
  z.number().min(0).max(1_000_000_000),
)
const count = (most: number) => z.int().min(0).max(most).optional()

const phoneGuard = z
  .strictObject({
    enabled: z.boolean().optional().meta({
      description: 'Whether messages to phones are counted and held back. Default: true, in development false.',
    }),
    per_number_10_minutes: count(100).meta({ description: 'Messages to one number in 10 minutes. Default 3.' }),
    per_number_day: count(100).meta({ description: 'Messages to one number in 24 hours. Default 10.' }),
    per_user_day: count(100).meta({ description: 'Messages one user causes in 24 hours. Default 10.' }),
    per_address_hour: count(1_000).meta({ description: 'Messages one network address causes in an hour. Default 10.' }),
    per_prefix_hour: count(1_000).meta({
      description: 'Messages in an hour to numbers that differ in their last four digits only. Default 20.',
    }),
    per_country_day: count(10_000_000).meta({ description: 'Messages to one country a day (UTC). Default 1000.' }),
    per_tenant_day: count(10_000_000).meta({ description: 'Messages of the tenant a day (UTC). Default 5000.' }),
    accounts_per_number: z.int().min(1).max(1_000).optional().meta({
      description: 'Accounts one number can be enrolled at. Default 5.',
    }),
    answered_percent: z.int().min(0).max(100).optional().meta({
      description: 'When fewer codes than this come back, sending to the range or country stops; 0: never. Default 20.',
    }),
    answered_of: z.int().min(1).max(10_000).optional().meta({
      description: 'Messages within an hour before that is judged. Default 20.',
    }),
    stop_seconds: field.seconds(60, 86_400).optional().meta({ description: 'How long it stops. Default 3600.' }),
    prices: byCountry.optional().meta({
      description: 'What a message or call costs, by country and `other`, in your currency. For the ledger.',
    }),
    monthly_ceilings: byCountry.optional().meta({
      description: 'What may be spent on a country in a calendar month (UTC), by country and `other`.',
    }),
  })
  .meta({ description: 'Budgets of text messages and calls, against number pumping.' })

function isCountryOrOther(text: string): boolean {
  return text === 'other' || field.country.safeParse(text).success
}

const phone = z
  .strictObject({
    countries: z.array(field.country).optional().meta({
      description: 'ISO 3166 countries that get messages. Absent: every country in development, none else.',
    }),
    blocked_prefixes: z.array(field.phonePrefix).default([]).meta({
      description: 'Number prefixes refused for their reputation, e.g. "+1555666".',
    }),
    strict: z.boolean().default(false).meta({
      description: 'true: only valid numbers. false: every possible number, the vendors’ samples included.',
    }),
    voip: z.enum(['refuse', 'allow']).optional().meta({
      description: 'What to do with numbers that number_check calls VoIP. Default: refuse.',
    }),
    require_alternative: z.boolean().optional().meta({
      description: 'Text messages and calls only for users who have an app, a key or a device too. Default false.',
    }),
    guard: phoneGuard.optional(),
  })
  .meta({ description: 'Where codes may be sent.' })

const limits = z
  .strictObject({
    code_lifetime_seconds: field.seconds(30, 600).default(300).meta({
      description: 'Life of a one-time code in seconds; 600 at most.',
    }),
    ticket_lifetime_seconds: field.seconds(60, 900).optional().meta({
      description:
        'Life of a login in progress (mfa_token, continuation token) in seconds; 900 at most, 600 by default.',
    }),
    session_idle_seconds: field.seconds(60, 3_600).optional().meta({
      description: 'A session of a browser ends so long after its last use; 3600 at most and by default.',
    }),
    session_seconds: field.seconds(300, 86_400).optional().meta({
      description:
        'A session of a browser ends so long after its login, however much it is used; 86400 at most and by default.',
    }),
    trusted_device_seconds: field.seconds(0, 2_592_000).optional().meta({
      description:
        'How long a remembered device spares the second factor; 0: none is remembered; 2592000 at most and by default.',
    }),
  })
  .meta({ description: 'Figures that may be changed within the bounds of the security contract.' })

const keys = z
  .strictObject({
    rp_id: field.domain.optional().meta({
      description:
        'The domain keys are bound to, where it is one above the host of the public address. Changing it loses all keys.',
    }),
    origins: z.array(field.keyOrigin).default([]).meta({
      description: 'Origins besides the public address that may use them, such as android:apk-key-hash:…',
    }),
    attestation: z.enum(['none', 'required']).default('none').meta({
      description: 'required: the maker has to vouch for a new key, by a chain that ends at an attestation root.',
    }),
    attestation_roots: z.array(field.certificate).default([]).meta({ description: 'Certificates of makers, PEM.' }),
    models: z.array(field.aaguid).min(1).optional().meta({
      description:
        'AAGUIDs of the models that may be registered; absent: every one. To be sure of them, require attestation.',
    }),
    user_verification: z.enum(['preferred', 'required']).default('preferred').meta({
      description: 'required: a key has to make sure of its user each time, also beside a password.',
    }),
  })
  .superRefine(checkKeys)
  .meta({ description: 'Security keys and passkeys.' })

const signUp = z
  .strictObject({
    enabled: z.boolean().optional().meta({
      description: 'Whether people may open accounts by themselves; an application may say otherwise. Default: true.',
    }),
    attributes: z
      .array(
        z.strictObject({
          name: z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,255}$/),
          required: z.boolean().default(false),
          pattern: z.string().max(512).refine(isPattern, 'must be a regular expression').optional().meta({
            description: 'Regular expression the whole value has to match.',
          }),
        }),
      )
      .max(100)
      .default([]),
  })
  .meta({
    description: 'Whether people sign up, and what those who do through native authentication say of themselves.',
  })

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp
  } catch {
    return false
  }
}

const api = z.strictObject({
  audience: field.text.meta({ description: 'What tokens for this API carry as `aud`.' }),
  name: field.text.optional(),
  scopes: z.array(field.scope).default([]),
  signing_algorithm: algorithm.optional().meta({ description: 'Of access tokens; absent: the tenant’s.' }),
  access_token_lifetime: field.seconds(1, 2_592_000).default(86_400).meta({ description: 'Seconds.' }),
  allow_offline_access: z.boolean().default(true).meta({ description: 'Whether refresh tokens are given.' }),
})

const jwks = z
  .strictObject({ keys: z.array(z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']) })).min(1) })
  .meta({ description: 'Public keys of a client that signs its requests.' })

const applicationFields = z.strictObject({
  client_id: field.text,
  name: field.text.optional().meta({ description: 'What users see; default the client_id.' }),
  type: z.enum(['spa', 'native', 'web', 'machine']),
  client_secret: field.text.nullable().optional().meta({ description: 'web and machine applications have one.' }),
  token_endpoint_auth_method: z
    .enum(['none', 'client_secret_post', 'client_secret_basic', 'private_key_jwt'])
    .optional()
    .meta({ description: 'Default by type: client_secret_post with a secret, private_key_jwt with jwks, else none.' }),
  jwks: jwks.optional(),
  redirect_uris: z.array(field.redirectUri).default([]),
  logout_uris: z.array(field.redirectUri).default([]),
  backchannel_logout_uri: field.backchannelUri.optional().meta({
    description: 'Told, by a signed token, when a session ends in which the application was given a code.',
  }),
  allowed_origins: z.array(field.origin).default([]),
  grant_types: z.array(z.enum(grantWords)).optional().meta({
    description:
      'Short or full names. `mfa` stands for Auth0’s three MFA grants, `password` for password and password-realm. Default: client_credentials for machine, else authorization_code and refresh_token.',
  }),
  client_grants: z
    .array(z.strictObject({ audience: field.text, scopes: z.array(field.scope).default([]) }))
    .default([])
    .meta({ description: 'What client_credentials may ask for: an API of the tenant or <public_url>/api/v2/.' }),
  native_auth: z.boolean().default(false).meta({ description: 'Entra native authentication.' }),
  mfa: mfa.optional(),
  sign_up: z.boolean().optional().meta({
    description: 'Whether people may open accounts by themselves in this application. Default: what the tenant says.',
  }),
  trusted_device_seconds: field.seconds(0, 2_592_000).optional().meta({
    description:
      'How long a remembered device spares the second factor in this application; 0: never. Default: what the tenant says.',
  }),
  require_verified_email: z.boolean().optional().meta({
    description: 'Users whose address is not known to be theirs verify it on the way in (cidaas).',
  }),
  require_verified_phone: z.boolean().optional().meta({
    description: 'The same for their telephone number (cidaas).',
  }),
  ask_for_scopes: z.boolean().optional().meta({
    description: 'Users agree, once, to what the scopes of a request say about them (cidaas).',
  }),
  group_selection: z
    .strictObject({
      always: z.boolean().optional().meta({ description: 'Also who is in one of them only.' }),
      groups: z.array(field.text).optional(),
      types: z.array(field.text).optional(),
    })
    .optional()
    .meta({ description: 'Users in several of these groups choose in which they come; no list: all groups (cidaas).' }),
  consents: z
    .array(
      z.strictObject({
        id: field.text,
        version: field.text.meta({ description: 'A new version asks everybody again.' }),
        name: field.text,
        url: field.webUrl.optional(),
      }),
    )
    .optional()
    .meta({ description: 'What users have to agree to, in this order (cidaas).' }),
  id_token_signed_response_alg: algorithm
    .optional()
    .meta({ description: 'Of ID tokens; absent: RS256, the one algorithm every SDK knows.' }),
})

const application = applicationFields.superRefine(checkApplication).transform((it) => ({
  ...it,
  name: it.name ?? it.client_id,
  client_secret: it.client_secret ?? undefined,
  token_endpoint_auth_method: it.token_endpoint_auth_method ?? defaultAuthMethod(it),
  grant_types: expandGrants(
    it.grant_types ?? (it.type === 'machine' ? ['client_credentials'] : ['authorization_code', 'refresh_token']),
  ),
}))

function defaultAuthMethod(it: { readonly client_secret?: string | null; readonly jwks?: unknown }) {
  if (typeof it.client_secret === 'string') return 'client_secret_post' as const
  return it.jwks === undefined ? ('none' as const) : ('private_key_jwt' as const)
}

const authenticator = z
  .discriminatedUnion('factor', [
    z.strictObject({ factor: z.literal('totp'), secret: field.totpSecret }),
    z.strictObject({ factor: z.enum(['sms', 'voice']), phone_number: field.phoneNumber }),
    z.strictObject({ factor: z.literal('email'), email: field.email }),
    z.strictObject({ factor: z.literal('recovery_code'), code: field.text.min(16) }),
  ])
  .meta({ description: 'A confirmed authenticator.' })

const user = z
  .strictObject({
    email: field.email.optional(),
    email_verified: z.boolean().default(false),
    phone_number: field.phoneNumber.optional(),
    phone_number_verified: z.boolean().default(false),
    username: field.text.max(128).optional(),
    name: field.text.optional(),
    given_name: field.text.optional(),
    family_name: field.text.optional(),
    nickname: field.text.optional(),
    picture: field.webUrl.optional(),
    locale: field.locale.optional().meta({ description: 'Language of messages to this user, e.g. de or pt-BR.' }),
    user_metadata: z.record(z.string(), z.json()).optional(),
    blocked: z.boolean().default(false),
    password: z.string().min(1).max(1024).optional(),
    password_hash: field.passwordHash.optional().meta({ description: 'A PHC or bcrypt string.' }),
    mfa_enabled: z.boolean().default(false).meta({
      description: 'A second factor whatever the application says.',
    }),
    must_change_password: z.boolean().default(false).meta({
      description: 'The first login gives the account a new password (cidaas). Counts when the user is created.',
    }),
    groups: z
      .array(z.strictObject({ id: field.text, type: field.text.optional(), roles: z.array(field.text).default([]) }))
      .optional()
      .meta({ description: 'Groups of the user, with their roles in each (cidaas).' }),
    authenticators: z.array(authenticator).default([]),
  })
  .superRefine(checkUser)

const webhook = z
  .strictObject({
    id: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, 'must be 1 to 40 letters, digits, "-" or "_"'),
    url: field.backchannelUri.meta({ description: 'https; private addresses are refused when it is called.' }),
    events: z
      .array(z.string().regex(/^(\*|[a-z-]+\.(\*|[a-z-]+))$/, 'must be a name such as factor.confirmed, factor.* or *'))
      .min(1)
      .default(['*'])
      .meta({ description: 'Names of audit events, `factor.*` for a kind, `*` for all.' }),
    enabled: z.boolean().default(true),
    secret: z.string().min(24).max(256).meta({ description: 'Signs the calls: whsec_<base64>, or text.' }),
  })
  .meta({ description: 'Where audit events are sent to.' })

const tenant = z
  .strictObject({
    id: field.tenantId,
    name: field.text.optional(),
    domains: z.array(field.domain).default([]).meta({ description: 'Hosts this tenant answers.' }),
    factors: z
      .array(z.enum(factorNames))
      .default([...factorsByDefault])
      .meta({
        description:
          'Factors enabled in this tenant; `recovery_code` among them switches recovery codes. `security_question` is off by default and raises no level: leave it off.',
      }),
    security_questions: z
      .array(field.text.max(200))
      .min(3)
      .max(30)
      .refine((them) => new Set(them).size === them.length, 'names a question twice')
      .optional()
      .meta({
        description: 'Questions users may choose from, with the factor `security_question`. Absent: their own.',
      }),
    mfa: mfa.optional(),
    risk: risk.optional().meta({ description: 'How SMART rates logins.' }),
    phone: phone.default({ blocked_prefixes: [], strict: false }),
    pages: z.partialRecord(z.enum(pageKeys), field.webUrl).default({}).meta({
      description: 'Hosted page key: URL of one’s own page.',
    }),
    default_connection: field.text.default('Username-Password-Authentication').meta({
      description: 'Name of the password directory (Auth0 `realm`).',
    }),
    signing_algorithm: algorithm.default('RS256'),
    discovery: z.enum(['auth0', 'cidaas']).optional().meta({
      description: 'Whose discovery document the root of this tenant’s hosts serves. Default: Auth0’s.',
    }),
    limits: limits.default({ code_lifetime_seconds: 300 }),
    sign_up: signUp.optional(),
    hide_unknown_users: z.boolean().optional().meta({
      description:
        'true: native authentication does not tell who is known either, as nothing else does. Default false.',
    }),
    native_preview: z.enum(['sdk', 'pkce']).optional().meta({
      description:
        'The headless API (docs/headless-api.md), for applications with native_auth. sdk: also without PKCE, as Microsoft’s SDKs (V2 preview) ask; pkce: never without. Default: it is not there.',
    }),
    webauthn: keys.optional(),
    audit: z
      .strictObject({
        retention_days: z.int().min(1).max(36_500).optional().meta({
          description: 'Audit events older than this are taken away, and a signed checkpoint left. Absent: none is.',
        }),
      })
      .optional(),
    branding: branding.optional(),
    messages: messages.optional(),
    webhooks: z.array(webhook).default([]),
    apis: z.array(api).default([]),
    applications: z.array(application).default([]),
    users: z.array(user).default([]),
  })
  .superRefine(checkTenant)
  .transform((it) => ({ ...it, name: it.name ?? it.id }))

const root = z
  .strictObject({
    $schema: z.string().optional().meta({ description: 'For editors; ignored.' }),
    development: z.boolean().default(false).meta({
      description: 'Outbox, test clock, relaxed http. Refused when NODE_ENV=production.',
    }),
    public_url: field.publicUrl.optional().meta({
      description: 'What issuers and links are made from. Default in development: https://localhost:<TLS_PORT>.',
    }),
    trusted_proxies: z.array(field.cidr).default([]).meta({
      description: 'CIDR blocks whose X-Forwarded-For and X-Forwarded-Proto is believed.',
    }),
    tls: z.strictObject({ cert: field.text, key: field.text }).optional().meta({
      description: 'PEM files, looked for beside this file; read again when they change.',
    }),
    delivery: z
      .strictObject({
        email: field.deliveryUrls.optional(),
        sms: field.deliveryUrls.optional(),
        voice: field.deliveryUrls.optional(),
        push: field.deliveryUrls.optional(),
      })
      .default({})
      .meta({
        description:
          'Where messages leave by, e.g. smtp://mail.example:587 or "console:"; a list is tried in its order.',
      }),
    number_check: field.signedUrl.optional().meta({
      description: 'https://:secret@host/path of a service that knows of SIM changes, porting, forwarding and VoIP.',
    }),
    webhooks: z
      .strictObject({
        allowed_private: z.array(field.cidr).default([]).meta({
          description: 'CIDR blocks webhooks may lead to although they are private. In development: this machine.',
        }),
      })
      .default({ allowed_private: [] }),
    tenants: z.array(tenant).min(1).meta({ description: 'The first answers hosts no tenant claims.' }),
  })
  .superRefine(checkRoot)

/** The configuration file, checked and with its defaults filled in. Names and meanings: operating contract, section 3. */
export const configSchema = root

/** A checked configuration. `countries` absent means what the operating contract says; `Settings.config` has it filled in. */
export type Config = DeepReadonly<z.output<typeof root>>
export type TenantConfig = Config['tenants'][number]
export type ApplicationConfig = TenantConfig['applications'][number]
export type ApiConfig = TenantConfig['apis'][number]
export type UserConfig = TenantConfig['users'][number]
export type AuthenticatorConfig = UserConfig['authenticators'][number]
/** What may be written in the file. */
export type ConfigInput = z.input<typeof root>

export type DeepReadonly<T> = T extends readonly (infer E)[]
  ? readonly DeepReadonly<E>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T

/** JSON Schema (draft 7, which editors' YAML plug-ins read) of the configuration file. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    title: 'Polyfactor configuration',
    ...z.toJSONSchema(root, { target: 'draft-7', io: 'input', unrepresentable: 'any' }),
  }
}
