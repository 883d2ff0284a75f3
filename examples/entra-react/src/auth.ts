import { type CustomAuthConfiguration, CustomAuthPublicClientApplication } from '@azure/msal-browser/custom-auth'

/** `config.json`, read at start so that one build serves every server. */
export interface Config {
  readonly clientId: string
  /** `<public_url>/<tenant>`, https. */
  readonly authority: string
  /** The same for the native calls; may be plain http in development. */
  readonly api: string
}

export interface Auth {
  readonly config: Config
  /** The application object whose account is signed in. */
  readonly app: CustomAuthPublicClientApplication
  /**
   * A second object that sees no account, so that the person can sign in once more: the query asks the server for the
   * registration of another method. Drop it when that is done; the first one is untouched.
   */
  openSecond(): Promise<CustomAuthPublicClientApplication>
  /** The way out when the server answers `redirect`: the hosted pages in a window of their own. Call it from a click. */
  openPages(): Promise<void>
}

export async function openAuth(): Promise<Auth> {
  const config: Config = await (await fetch('/config.json')).json()
  const redirectUri = `${location.origin}/callback`
  const create = (cacheLocation: string, query?: Record<string, string>) => {
    const configuration: CustomAuthConfiguration = {
      auth: {
        clientId: config.clientId,
        authority: config.authority,
        knownAuthorities: [new URL(config.authority).host],
        redirectUri,
      },
      cache: { cacheLocation },
      customAuth: {
        challengeTypes: ['password', 'oob', 'redirect'],
        capabilities: ['mfa_required', 'registration_required'],
        authApiProxyUrl: config.api,
        ...(query === undefined ? {} : { customAuthApiQueryParams: query }),
      },
    }
    return CustomAuthPublicClientApplication.create(configuration)
  }
  const app = await create('sessionStorage')
  return {
    config,
    app: app as CustomAuthPublicClientApplication,
    openSecond: async () =>
      (await create('memoryStorage', { purpose: 'add_method' })) as CustomAuthPublicClientApplication,
    async openPages() {
      await (app as CustomAuthPublicClientApplication).loginPopup({
        authority: config.authority,
        scopes: [],
        redirectUri,
        prompt: 'login',
      })
    },
  }
}
