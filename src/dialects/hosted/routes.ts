import type { RouteGroup } from '#http/route.ts'
import { accountRoutes } from './account/routes.ts'
import { deviceRoutes } from './authenticator/routes.ts'
import { flowRoutes } from './flow-routes.ts'
import type { Hosted } from './hosted.ts'
import { resetRoutes } from './reset.ts'
import { pageRoutes } from './static.ts'
import { refuseTrouble } from './wire.ts'

/** The API of our pages (docs/hosted-api.md). It has no CORS: pages of other sites have no business here (S-135). */
export function hostedGroups(hosted: Hosted): readonly RouteGroup[] {
  return [
    {
      name: 'hosted',
      routes: [
        ...flowRoutes(hosted),
        ...accountRoutes(hosted),
        ...deviceRoutes(hosted),
        ...resetRoutes(hosted),
        ...pageRoutes(hosted),
      ],
      refuse: refuseTrouble,
    },
  ]
}
