import * as z from 'zod'
import { checkApplication } from '#config/checks.ts'
import { expandGrants } from '#config/grants.ts'
import { tokenDigest } from '#crypto/digest.ts'
import type { Application, ApplicationType, ClientAuthMethod } from '#model/application.ts'
import { asId, type ClientId } from '#model/ids.ts'
import { cleared, mfaRule, named } from '../apply.ts'
import { addRow, changeRow, removeRow } from '../changes.ts'
import { type Operation, tenantOperation } from '../operation.ts'
import { conflict, invalid, notFound, type Problem } from '../problems.ts'
import { page, pageOf, paging, tenantParams } from '../schemas/common.ts'
import {
  application,
  applicationCreate,
  applicationCreated,
  applicationParams,
  applicationPatch,
  applicationView,
} from '../schemas/tenants.ts'

const tag = 'Applications'
const one = '/tenants/:tenant/applications/:client_id'

const list = tenantOperation({
  method: 'GET',
  path: '/tenants/:tenant/applications',
  id: 'listApplications',
  tag,
  summary: 'List applications',
  permission: 'read:applications',
  params: tenantParams,
  query: z.strictObject(paging),
  responses: { 200: { description: 'A page of applications, by client_id.', schema: pageOf(application) } },
  async handle({ admin, tenant, query: { limit, after } }) {
    const rows = await admin.parts.store.list('applications', tenant.id, { limit: limit + 1, after })
    return { status: 200, body: page(rows, limit, applicationView) }
  },
})

const create = tenantOperation({
  method: 'POST',
  path: '/tenants/:tenant/applications',
  id: 'createApplication',
  tag,
  summary: 'Create an application',
  description: 'A client that authenticates with a secret gets one of 256 bits; it is in this answer and in no other.',
  permission: 'write:applications',
  params: tenantParams,
  body: applicationCreate,
  responses: { 201: { description: 'Created.', schema: applicationCreated } },
  problems: ['conflict'],
  async handle(call) {
    const { body, tenant, admin } = call
    const { random } = admin.parts
    const authMethod = body.token_endpoint_auth_method ?? defaultMethod(body.type, body.jwks !== undefined)
    const secret = usesSecret(authMethod) ? random.token() : undefined
    const id = body.client_id ?? random.code(clientIdLetters, 32)
    const it: Application = {
      tenant: tenant.id,
      id: asId<ClientId>(id),
      name: body.name ?? id,
      type: body.type,
      secretDigests: secret === undefined ? [] : [tokenDigest(secret)],
      authMethod,
      redirectUris: body.redirect_uris,
      logoutUris: body.logout_uris,
      allowedOrigins: body.allowed_origins,
      grantTypes: expandGrants(body.grant_types ?? defaultGrants(body.type)),
      nativeAuth: body.native_auth,
      clientGrants: body.client_grants,
      ...named({
        jwks: body.jwks as Application['jwks'],
        mfa: mfaRule(body.mfa),
        backchannelLogoutUri: body.backchannel_logout_uri,
        signUp: body.sign_up,
        trustedDeviceSeconds: body.trusted_device_seconds,
        needsVerifiedEmail: body.require_verified_email,
        needsVerifiedPhone: body.require_verified_phone,
        asksForScopes: body.ask_for_scopes,
        groupSelection: body.group_selection,
        consents: body.consents,
        idTokenAlgorithm: body.id_token_signed_response_alg,
      }),
    }
    const problem = inconsistency(it) ?? (await addRow(call, 'applications', it))
    return problem ?? { status: 201, body: { ...applicationView(it), ...named({ client_secret: secret }) } }
  },
})

const clientIdLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

const get = tenantOperation({
  method: 'GET',
  path: one,
  id: 'getApplication',
  tag,
  summary: 'Show an application',
  permission: 'read:applications',
  params: applicationParams,
  responses: { 200: { description: 'The application, without its secrets.', schema: application } },
  async handle({ admin, tenant, params }) {
    const it = await admin.parts.store.get('applications', tenant.id, params.client_id)
    return it === undefined ? notFound : { status: 200, body: applicationView(it) }
  },
})

const patch = tenantOperation({
  method: 'PATCH',
  path: one,
  id: 'updateApplication',
  tag,
  summary: 'Change an application',
  description:
    'What is left out stays. An application that becomes one with a secret has none that works until one is made with `rotateApplicationSecret`.',
  permission: 'write:applications',
  params: applicationParams,
  body: applicationPatch,
  responses: { 200: { description: 'The application as it is now.', schema: application } },
  async handle(call) {
    const { body, tenant, params } = call
    const changed = await changeRow(call, 'applications', tenant.id, params.client_id, (before) => {
      const authMethod = body.token_endpoint_auth_method ?? before.authMethod
      const after: Application = {
        ...before,
        ...named({
          name: body.name,
          type: body.type,
          authMethod,
          // A client that authenticates otherwise keeps no secret that could come to life again.
          secretDigests: usesSecret(authMethod) ? before.secretDigests : [],
          redirectUris: body.redirect_uris,
          logoutUris: body.logout_uris,
          allowedOrigins: body.allowed_origins,
          grantTypes: body.grant_types && expandGrants(body.grant_types),
          nativeAuth: body.native_auth,
          clientGrants: body.client_grants,
        }),
        ...cleared({
          jwks: body.jwks as Application['jwks'] | null,
          mfa: body.mfa && mfaRule(body.mfa),
          backchannelLogoutUri: body.backchannel_logout_uri,
          signUp: body.sign_up,
          trustedDeviceSeconds: body.trusted_device_seconds,
          needsVerifiedEmail: body.require_verified_email,
          needsVerifiedPhone: body.require_verified_phone,
          asksForScopes: body.ask_for_scopes,
          groupSelection: body.group_selection,
          consents: body.consents,
          idTokenAlgorithm: body.id_token_signed_response_alg,
        }),
      }
      return inconsistency(after) ?? after
    })
    return changed.problem ? changed : { status: 200, body: applicationView(changed.row) }
  },
})

const remove = tenantOperation({
  method: 'DELETE',
  path: one,
  id: 'deleteApplication',
  tag,
  summary: 'Delete an application',
  permission: 'write:applications',
  params: applicationParams,
  responses: { 204: { description: 'Gone.' } },
  async handle(call) {
    const gone = await removeRow(call, 'applications', call.tenant.id, call.params.client_id)
    return gone ? { status: 204 } : notFound
  },
})

const rotate = tenantOperation({
  method: 'POST',
  path: `${one}/secret`,
  id: 'rotateApplicationSecret',
  tag,
  summary: 'Make a new secret',
  description: 'The new secret is in this answer and in no other. The old ones stop at once unless one is kept.',
  permission: 'write:applications',
  params: applicationParams,
  body: z.strictObject({
    keep_previous: z.boolean().default(false).meta({
      description: 'true: the newest old secret works too, until the next rotation without this.',
    }),
  }),
  bodyOptional: true,
  responses: {
    200: {
      description: 'The new secret.',
      schema: z
        .strictObject({ client_id: z.string(), client_secret: z.string(), client_secrets: z.int() })
        .meta({ id: 'ApplicationSecret' }),
    },
  },
  problems: ['conflict'],
  async handle(call) {
    const { body, tenant, params, admin } = call
    const secret = admin.parts.random.token()
    const changed = await changeRow(call, 'applications', tenant.id, params.client_id, (before) =>
      usesSecret(before.authMethod)
        ? {
            ...before,
            secretDigests: [tokenDigest(secret), ...(body.keep_previous ? before.secretDigests.slice(0, 1) : [])],
          }
        : conflict('This application does not authenticate with a secret', 'token_endpoint_auth_method'),
    )
    if (changed.problem) return changed
    const { id, secretDigests } = changed.row
    return { status: 200, body: { client_id: id, client_secret: secret, client_secrets: secretDigests.length } }
  },
})

const usesSecret = (method: ClientAuthMethod): boolean => method.startsWith('client_secret_')

function defaultMethod(type: ApplicationType, hasKeys: boolean): ClientAuthMethod {
  if (hasKeys) return 'private_key_jwt'
  return type === 'web' || type === 'machine' ? 'client_secret_post' : 'none'
}

const defaultGrants = (type: ApplicationType) =>
  type === 'machine' ? (['client_credentials'] as const) : (['authorization_code', 'refresh_token'] as const)

/** The rules of the configuration file between the members of an application, for one that is about to be stored. */
const consistent = z.custom<Parameters<typeof checkApplication>[0]>().superRefine(checkApplication)

function inconsistency(it: Application): Problem | undefined {
  const checked = consistent.safeParse({
    type: it.type,
    client_secret: usesSecret(it.authMethod) ? 'one there is, or will be' : undefined,
    token_endpoint_auth_method: it.authMethod,
    jwks: it.jwks,
    grant_types: it.grantTypes,
    client_grants: it.clientGrants,
  })
  if (checked.success) return undefined
  const details = checked.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  return invalid('The application would contradict itself', details)
}

export const applicationRoutes: readonly Operation[] = [list, create, get, patch, remove, rotate]
