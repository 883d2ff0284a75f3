import type { Operation } from './operation.ts'
import { apiRoutes } from './routes/apis.ts'
import { applicationRoutes } from './routes/applications.ts'
import { auditRoutes } from './routes/audit.ts'
import { authenticatorRoutes } from './routes/authenticators.ts'
import { eventRoutes } from './routes/events.ts'
import { healthRoutes } from './routes/health.ts'
import { importRoutes } from './routes/import.ts'
import { keyRoutes } from './routes/keys.ts'
import { messageRoutes } from './routes/messages.ts'
import { outboxRoutes } from './routes/outbox.ts'
import { phoneGuardRoutes } from './routes/phone-guard.ts'
import { riskRoutes } from './routes/risk.ts'
import { riskSimulationRoutes } from './routes/risk-simulation.ts'
import { tenantRoutes } from './routes/tenants.ts'
import { userRoutes } from './routes/users.ts'
import { webhookRoutes } from './routes/webhooks.ts'

/** Every route of the admin API. */
export const operations: readonly Operation[] = [
  ...tenantRoutes,
  ...messageRoutes,
  ...applicationRoutes,
  ...apiRoutes,
  ...userRoutes,
  ...importRoutes,
  ...authenticatorRoutes,
  ...keyRoutes,
  ...phoneGuardRoutes,
  ...outboxRoutes,
  ...riskRoutes,
  ...riskSimulationRoutes,
  ...eventRoutes,
  ...auditRoutes,
  ...webhookRoutes,
  ...healthRoutes,
]
