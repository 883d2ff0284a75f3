import type { Config } from './schema.ts'

/** Whether the configuration has logins rated (SMART) somewhere; tenants may begin to at any time by the admin API. */
export function usesRisk({ tenants }: Config): boolean {
  return tenants.some(({ mfa, applications }) =>
    [mfa, ...applications.map((it) => it.mfa)].some((rule) => rule?.mode.startsWith('SMART') === true),
  )
}
