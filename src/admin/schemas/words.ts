import { configSchema } from '#config/schema.ts'

/**
 * The words of the configuration file (operating.md §3), taken from its own schema: what the file may say about a
 * thing, the admin API may say too, under the same name and the same rules.
 */
const tenant = configSchema.shape.tenants.element.in.shape

export const tenantWords = tenant
export const apiWords = tenant.apis.unwrap().element.shape
export const applicationWords = tenant.applications.unwrap().element.in.shape
export const userWords = tenant.users.unwrap().element.shape
export const webhookWords = tenant.webhooks.unwrap().element.shape
export const authenticatorWord = userWords.authenticators.unwrap().element
