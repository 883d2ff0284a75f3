import * as z from 'zod'
import type { Api, Application, GroupSelection } from '#model/application.ts'
import type { Branding } from '#model/branding.ts'
import type { PhoneGuardRule } from '#model/phone-guard.ts'
import type { MfaRule } from '#model/policy.ts'
import type { KeyRule, Tenant } from '#model/tenant.ts'
import { riskView } from '../risk-rule.ts'
import { tenantParams } from './common.ts'
import { apiWords, applicationWords, tenantWords } from './words.ts'

const { mfa } = tenantWords
const phone = tenantWords.phone.unwrap()
const limits = tenantWords.limits.unwrap()

/** As answered; what is not set is absent. */
export const tenant = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    domains: z.array(z.string()),
    factors: z.array(z.string()).meta({ description: 'Factors enabled in this tenant.' }),
    security_questions: z.array(z.string()).optional(),
    mfa: mfa.optional(),
    risk: tenantWords.risk,
    phone: z.strictObject({
      countries: z.array(z.string()).optional().meta({ description: 'Absent: every country.' }),
      blocked_prefixes: z.array(z.string()),
      strict: z.boolean(),
      voip: phone.shape.voip,
      require_alternative: phone.shape.require_alternative,
      guard: phone.shape.guard,
    }),
    pages: z.record(z.string(), z.string()),
    default_connection: z.string(),
    signing_algorithm: z.string(),
    limits: z.strictObject({
      code_lifetime_seconds: z.int().optional(),
      ticket_lifetime_seconds: z.int().optional(),
      session_idle_seconds: z.int().optional(),
      session_seconds: z.int().optional(),
      trusted_device_seconds: z.int().optional(),
    }),
    discovery: z.string().optional(),
    sign_up: z
      .strictObject({
        enabled: z.boolean().optional(),
        attributes: z.array(
          z.strictObject({ name: z.string(), required: z.boolean(), pattern: z.string().optional() }),
        ),
      })
      .optional(),
    hide_unknown_users: z.boolean().optional(),
    native_preview: tenantWords.native_preview,
    webauthn: tenantWords.webauthn,
    branding: tenantWords.branding,
    messages: tenantWords.messages,
    audit: tenantWords.audit,
  })
  .meta({ id: 'Tenant' })

export const tenantCreate = z.strictObject({
  id: tenantWords.id,
  name: tenantWords.name,
  domains: tenantWords.domains,
  factors: tenantWords.factors,
  security_questions: tenantWords.security_questions,
  mfa,
  risk: tenantWords.risk,
  phone: tenantWords.phone,
  pages: tenantWords.pages,
  default_connection: tenantWords.default_connection,
  signing_algorithm: tenantWords.signing_algorithm,
  limits: tenantWords.limits,
  discovery: tenantWords.discovery,
  sign_up: tenantWords.sign_up,
  hide_unknown_users: tenantWords.hide_unknown_users,
  native_preview: tenantWords.native_preview,
  audit: tenantWords.audit,
  webauthn: tenantWords.webauthn,
  branding: tenantWords.branding,
  messages: tenantWords.messages,
})

const cleared = { description: 'null: no rule.' }
const inherited = { description: 'null: what the tenant says.' }
const replaced = { description: 'Replaced as a whole. null: removed.' }

export const tenantPatch = z.strictObject({
  name: tenantWords.name,
  domains: tenantWords.domains.unwrap().optional(),
  factors: tenantWords.factors.unwrap().optional(),
  security_questions: tenantWords.security_questions.nullable().meta({ description: 'null: the user’s own only.' }),
  mfa: mfa.nullable().meta(cleared),
  risk: tenantWords.risk.nullable().meta(replaced),
  phone: phone.optional().meta({ description: 'Replaced as a whole.' }),
  pages: tenantWords.pages.unwrap().optional(),
  default_connection: tenantWords.default_connection.unwrap().optional(),
  signing_algorithm: tenantWords.signing_algorithm.unwrap().optional(),
  limits: limits.optional().meta({ description: 'Replaced as a whole.' }),
  discovery: tenantWords.discovery.nullable().meta({ description: 'null: the default.' }),
  sign_up: tenantWords.sign_up.nullable().meta(replaced),
  hide_unknown_users: tenantWords.hide_unknown_users,
  native_preview: tenantWords.native_preview.nullable().meta({ description: 'null: it is not there.' }),
  audit: tenantWords.audit.nullable().meta(replaced),
  webauthn: tenantWords.webauthn.nullable().meta(replaced),
  branding: tenantWords.branding.nullable().meta(replaced),
  messages: tenantWords.messages.nullable().meta(replaced),
})

/** What is set, in the words of the API. */
export function tenantView(it: Tenant): z.input<typeof tenant> {
  return {
    id: it.id,
    name: it.name,
    domains: [...it.domains],
    factors: [...it.factors],
    ...(it.securityQuestions ? { security_questions: [...it.securityQuestions] } : {}),
    ...(it.mfa ? { mfa: mfaView(it.mfa) } : {}),
    ...(it.risk ? { risk: riskView(it.risk) } : {}),
    phone: {
      ...(it.phone.countries ? { countries: [...it.phone.countries] } : {}),
      blocked_prefixes: [...it.phone.blockedPrefixes],
      strict: it.phone.strict,
      ...(it.phone.allowVoip === undefined ? {} : { voip: it.phone.allowVoip ? 'allow' : 'refuse' }),
      ...(it.phone.needsAlternative === undefined ? {} : { require_alternative: it.phone.needsAlternative }),
      ...(it.phone.guard ? { guard: guardView(it.phone.guard) } : {}),
    },
    pages: { ...it.pages },
    default_connection: it.defaultConnection,
    signing_algorithm: it.signingAlgorithm,
    limits: {
      code_lifetime_seconds: it.limits?.codeLifetimeSeconds,
      ticket_lifetime_seconds: it.limits?.ticketLifetimeSeconds,
      session_idle_seconds: it.limits?.sessionIdleSeconds,
      session_seconds: it.limits?.sessionSeconds,
      trusted_device_seconds: it.limits?.trustedDeviceSeconds,
    },
    ...(it.discovery ? { discovery: it.discovery } : {}),
    ...(it.signUp ? { sign_up: { ...it.signUp, attributes: it.signUp.attributes.map((one) => ({ ...one })) } } : {}),
    ...(it.hideUnknownUsers === undefined ? {} : { hide_unknown_users: it.hideUnknownUsers }),
    ...(it.nativePreview === undefined ? {} : { native_preview: it.nativePreview }),
    ...(it.keys ? { webauthn: keysView(it.keys) } : {}),
    ...(it.audit ? { audit: { retention_days: it.audit.retentionDays } } : {}),
    ...(it.branding ? { branding: brandingView(it.branding) } : {}),
    ...(it.messages ? { messages: it.messages as never } : {}),
  }
}

const present = <T extends object>(it: T): T =>
  Object.fromEntries(Object.entries(it).filter(([, value]) => value !== undefined)) as T

function keysView(it: KeyRule): z.input<typeof tenant>['webauthn'] {
  return present({
    rp_id: it.rpId,
    origins: [...it.origins],
    attestation: it.attestation,
    attestation_roots: [...it.roots],
    models: it.models && [...it.models],
    user_verification: it.userVerification,
  })
}

function brandingView({ accentDark, backgroundDark, ...same }: Branding): z.input<typeof tenant>['branding'] {
  return present({ ...(same as object), accent_dark: accentDark, background_dark: backgroundDark })
}

function guardView(it: PhoneGuardRule): z.input<typeof tenant>['phone']['guard'] {
  const words = {
    enabled: it.enabled,
    per_number_10_minutes: it.perNumberTenMinutes,
    per_number_day: it.perNumberDay,
    per_user_day: it.perUserDay,
    per_address_hour: it.perAddressHour,
    per_prefix_hour: it.perPrefixHour,
    per_country_day: it.perCountryDay,
    per_tenant_day: it.perTenantDay,
    accounts_per_number: it.accountsPerNumber,
    answered_percent: it.answeredPercent,
    answered_of: it.answeredOf,
    stop_seconds: it.stopSeconds,
    prices: it.prices && { ...it.prices },
    monthly_ceilings: it.monthlyCeilings && { ...it.monthlyCeilings },
  }
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined))
}

function mfaView(it: MfaRule): z.input<typeof mfa> {
  return {
    mode: it.mode,
    ...(it.timeBasedSeconds === undefined ? {} : { time_based_seconds: it.timeBasedSeconds }),
    ...(it.allowedFactors === undefined ? {} : { allowed_factors: [...it.allowedFactors] as never }),
  }
}

export const api = z
  .strictObject({
    audience: z.string(),
    name: z.string(),
    scopes: z.array(z.string()),
    signing_algorithm: z.string().optional(),
    access_token_lifetime: z.int().meta({ description: 'Seconds.' }),
    allow_offline_access: z.boolean(),
  })
  .meta({ id: 'Api' })

export const apiCreate = z.strictObject(apiWords)
export const apiPatch = z.strictObject({
  name: apiWords.name,
  scopes: apiWords.scopes.unwrap().optional(),
  signing_algorithm: apiWords.signing_algorithm.nullable(),
  access_token_lifetime: apiWords.access_token_lifetime.unwrap().optional(),
  allow_offline_access: apiWords.allow_offline_access.unwrap().optional(),
})

export const apiParams = tenantParams.extend({
  audience: z.string().min(1).max(1024).meta({ description: 'Audience, percent-encoded.' }),
})

export function apiView(it: Api): z.input<typeof api> {
  return {
    audience: it.id,
    name: it.name,
    scopes: [...it.scopes],
    ...(it.signingAlgorithm ? { signing_algorithm: it.signingAlgorithm } : {}),
    access_token_lifetime: it.accessTokenLifetime,
    allow_offline_access: it.allowOfflineAccess,
  }
}

const applicationMembers = {
  client_id: z.string(),
  name: z.string(),
  type: z.string(),
  token_endpoint_auth_method: z.string(),
  jwks: applicationWords.jwks,
  redirect_uris: z.array(z.string()),
  logout_uris: z.array(z.string()),
  allowed_origins: z.array(z.string()),
  grant_types: z.array(z.string()).meta({ description: 'Full names.' }),
  client_grants: z.array(z.strictObject({ audience: z.string(), scopes: z.array(z.string()) })),
  native_auth: z.boolean(),
  mfa: applicationWords.mfa,
  backchannel_logout_uri: z.string().optional(),
  sign_up: applicationWords.sign_up,
  trusted_device_seconds: applicationWords.trusted_device_seconds,
  require_verified_email: applicationWords.require_verified_email,
  require_verified_phone: applicationWords.require_verified_phone,
  ask_for_scopes: applicationWords.ask_for_scopes,
  group_selection: applicationWords.group_selection,
  consents: applicationWords.consents,
  id_token_signed_response_alg: z.string().optional(),
  client_secrets: z.int().meta({ description: 'How many secrets work; the secrets themselves are never shown again.' }),
}

export const application = z.strictObject(applicationMembers).meta({ id: 'Application' })

export const applicationCreated = z
  .strictObject({
    ...applicationMembers,
    client_secret: z.string().optional().meta({ description: 'Shown now and never again.' }),
  })
  .meta({ id: 'ApplicationCreated' })

const writable = {
  name: applicationWords.name,
  token_endpoint_auth_method: applicationWords.token_endpoint_auth_method,
  grant_types: applicationWords.grant_types,
}

export const applicationCreate = z.strictObject({
  ...writable,
  client_id: applicationWords.client_id.optional().meta({ description: 'Absent: one is made.' }),
  type: applicationWords.type,
  jwks: applicationWords.jwks,
  redirect_uris: applicationWords.redirect_uris,
  logout_uris: applicationWords.logout_uris,
  allowed_origins: applicationWords.allowed_origins,
  client_grants: applicationWords.client_grants,
  native_auth: applicationWords.native_auth,
  mfa: applicationWords.mfa,
  backchannel_logout_uri: applicationWords.backchannel_logout_uri,
  sign_up: applicationWords.sign_up,
  trusted_device_seconds: applicationWords.trusted_device_seconds,
  require_verified_email: applicationWords.require_verified_email,
  require_verified_phone: applicationWords.require_verified_phone,
  ask_for_scopes: applicationWords.ask_for_scopes,
  group_selection: applicationWords.group_selection,
  consents: applicationWords.consents,
  id_token_signed_response_alg: applicationWords.id_token_signed_response_alg,
})

export const applicationPatch = z.strictObject({
  ...writable,
  type: applicationWords.type.optional(),
  jwks: applicationWords.jwks.nullable(),
  redirect_uris: applicationWords.redirect_uris.unwrap().optional(),
  logout_uris: applicationWords.logout_uris.unwrap().optional(),
  allowed_origins: applicationWords.allowed_origins.unwrap().optional(),
  client_grants: applicationWords.client_grants.unwrap().optional(),
  native_auth: applicationWords.native_auth.unwrap().optional(),
  mfa: applicationWords.mfa.nullable().meta(cleared),
  backchannel_logout_uri: applicationWords.backchannel_logout_uri
    .nullable()
    .meta({ description: 'null: told nothing.' }),
  sign_up: applicationWords.sign_up.nullable().meta(inherited),
  trusted_device_seconds: applicationWords.trusted_device_seconds.nullable().meta(inherited),
  require_verified_email: applicationWords.require_verified_email.nullable().meta(cleared),
  require_verified_phone: applicationWords.require_verified_phone.nullable().meta(cleared),
  ask_for_scopes: applicationWords.ask_for_scopes.nullable().meta(cleared),
  group_selection: applicationWords.group_selection.nullable().meta(cleared),
  consents: applicationWords.consents.nullable().meta(replaced),
  id_token_signed_response_alg: applicationWords.id_token_signed_response_alg.nullable(),
})

export const applicationParams = tenantParams.extend({
  client_id: z.string().min(1).max(1024).meta({ description: 'Id of the application.' }),
})

const selectionView = ({ always, groups, types }: GroupSelection) =>
  present({ always, groups: groups && [...groups], types: types && [...types] })

/** Never a secret: how many there are is all that can be told (S-140). */
export function applicationView(it: Application): z.input<typeof application> {
  return {
    client_id: it.id,
    name: it.name,
    type: it.type,
    token_endpoint_auth_method: it.authMethod,
    ...(it.jwks ? { jwks: it.jwks as never } : {}),
    redirect_uris: [...it.redirectUris],
    logout_uris: [...it.logoutUris],
    allowed_origins: [...it.allowedOrigins],
    grant_types: [...it.grantTypes],
    client_grants: it.clientGrants.map(({ audience, scopes }) => ({ audience, scopes: [...scopes] })),
    native_auth: it.nativeAuth,
    ...(it.mfa ? { mfa: mfaView(it.mfa) } : {}),
    ...present({
      backchannel_logout_uri: it.backchannelLogoutUri,
      sign_up: it.signUp,
      trusted_device_seconds: it.trustedDeviceSeconds,
      require_verified_email: it.needsVerifiedEmail,
      require_verified_phone: it.needsVerifiedPhone,
      ask_for_scopes: it.asksForScopes,
      group_selection: it.groupSelection && selectionView(it.groupSelection),
      consents: it.consents?.map((one) => ({ ...one })),
    }),
    ...(it.idTokenAlgorithm ? { id_token_signed_response_alg: it.idTokenAlgorithm } : {}),
    client_secrets: it.secretDigests.length,
  }
}
