import type { Config } from './schema.ts'

/** Whether the configuration has logins rated somewhere (SMART, or `risk` to record them); tenants may begin to at any time by the admin API. */
export function usesRisk({ tenants }: Config): boolean {
  return tenants.some(
    ({ mfa, risk, applications }) =>
      risk !== undefined ||
      [mfa, ...applications.map((it) => it.mfa)].some((rule) => rule?.mode.startsWith('SMART') === true),
  )
}
