import { passwordlessKinds } from '#engine/passwordless.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Dialect } from '../dialect.ts'
import { readRequest } from '../requests.ts'
import { classic, ok, type Row } from '../wire.ts'

const loginWith = ['EMAIL', 'MOBILE', 'USER_NAME']
const badRequest: Row = [400, 'PUB10001', 'invalid_request', 'The requestId is invalid.']

/** `GET /public-srv/tenantinfo/basic` (cidaas.md §2.5). */
export async function tenantInfo(_dialect: Dialect, { tenant }: Exchange): Promise<Answer> {
  return ok({ tenant_name: tenant.name, tenant_key: tenant.id, allowLoginWith: loginWith, versionInfo: '' })
}

/** `GET /public-srv/public/:request_id`: what a login page shows of the application (cidaas.md §2.5). */
export async function clientInfo(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const found = await readRequest(dialect, exchange, exchange.params.request_id)
  if (found === undefined) return classic(dialect, badRequest)
  return ok({
    client_id: found.application.id,
    client_name: found.application.name,
    passwordless_enabled: exchange.tenant.factors.some((it) => passwordlessKinds.includes(it as never)),
    logo_uri: '',
    policy_uri: '',
    tos_uri: '',
    login_providers: [],
    allow_login_with: loginWith,
    hosted_page_group: found.application.pageGroup ?? 'default',
  })
}

/** Whether there is such a user is nobody's business before login: everybody gets this (S-102). */
export async function userExistence(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const found = await readRequest(dialect, exchange, exchange.params.request_id)
  if (found === undefined) return classic(dialect, badRequest)
  return ok({ exists: true, allowed_methods: ['PASSWORD', 'EMAIL'] })
}

/** `POST /device-srv/deviceinfo`: browsers are known by a cookie that navigations get; there is nothing to keep. */
export async function deviceInfo(): Promise<Answer> {
  return ok({})
}
