import type { Caller } from '../parts.ts'

/** Whether people may open accounts by themselves here: what the application says, else what the tenant says, else yes. */
export const maySignUp = ({ tenant, application }: Pick<Caller, 'tenant' | 'application'>): boolean =>
  application.signUp ?? tenant.signUp?.enabled ?? true
