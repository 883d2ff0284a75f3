/** The little of `oidc-provider` that is used here; the library ships no types. Only library.ts imports these paths' values. */
declare module 'oidc-provider/lib/provider.js' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export type Payload = Record<string, unknown>

  export interface Adapter {
    upsert(id: string, payload: Payload, expiresIn: number): Promise<void>
    find(id: string): Promise<Payload | undefined>
    findByUserCode(userCode: string): Promise<Payload | undefined>
    findByUid(uid: string): Promise<Payload | undefined>
    consume(id: string): Promise<void>
    destroy(id: string): Promise<void>
    revokeByGrantId(grantId: string): Promise<void>
  }

  export interface Grant {
    addOIDCScope(scope: string): void
    addOIDCClaims(claims: readonly string[]): void
    addResourceScope(resource: string, scope: string): void
    readonly accountId?: string
    readonly clientId?: string
    save(): Promise<string>
  }

  export interface Client {
    readonly clientId: string
    readonly clientName?: string
    grantTypeAllowed(type: string): boolean
  }

  export interface Context {
    type: string
    status: number
    body: unknown
    set(name: string, value: string): void
    redirect(url: string): void
    readonly req: IncomingMessage
    readonly res: ServerResponse
    readonly response: { get(name: string): string; remove(name: string): void }
    readonly oidc: {
      readonly route: string
      readonly redirectUriCheckPerformed?: boolean
      readonly params: Readonly<Record<string, string | undefined>>
      readonly client: Client
      readonly session: {
        readonly accountId?: string
        readonly uid: string
        readonly destroyed?: boolean
        grantIdFor(client: string): string | undefined
        destroy(): Promise<void>
      }
      readonly cookies: { set(name: string, value: null, options: unknown): void }
      readonly entities: {
        readonly AuthorizationCode?: unknown
        readonly DeviceCode?: { readonly iat?: number }
        readonly IdTokenHint?: { readonly payload: { readonly sub: string } }
      }
      readonly claims?: {
        readonly id_token?: {
          readonly acr?: Readonly<Record<string, unknown>> | null
          readonly sub?: { readonly value?: unknown } | null
        }
      }
      readonly result?: {
        readonly login?: unknown
        readonly consent?: { readonly grantId?: string }
        readonly signedIn?: unknown
      }
      readonly requestParamOIDCScopes: ReadonlySet<string>
      readonly requestParamScopes: ReadonlySet<string>
      readonly requestParamClaims: ReadonlySet<string>
      readonly resourceServers: Readonly<Record<string, { readonly scopes: ReadonlySet<string> }>>
    }
  }

  export class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>)
    proxy: boolean
    readonly issuer: string
    readonly Client: { readonly prototype: object; find(id: string): Promise<Client | undefined> }
    readonly Grant: {
      new (claims: { accountId?: string; clientId: string }): Grant
      find(id: string): Promise<Grant | undefined>
    }
    readonly Interaction: {
      find(uid: string): Promise<
        | {
            result?: unknown
            session?: unknown
            readonly returnTo: string
            readonly exp: number
            save(ttl: number): Promise<string>
          }
        | undefined
      >
    }
    cookieName(kind: string): string
    readonly Session: {
      new (payload?: Payload): Payload & { save(ttl: number): Promise<string>; loginAccount(details: Payload): void }
    }
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
    on(event: string, listener: (ctx: unknown, error: Error) => void): this
    use(middleware: (ctx: Context, next: () => Promise<void>) => Promise<void>): this
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Payload>
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: Payload): Promise<void>
  }
}

declare module 'oidc-provider/lib/helpers/errors.js' {
  class OAuthError extends Error {
    constructor(description?: string)
  }

  class CustomOIDCProviderError extends Error {
    constructor(error: string, description?: string)
  }

  export {
    CustomOIDCProviderError,
    OAuthError as InvalidGrant,
    OAuthError as InvalidRequestUri,
    OAuthError as InvalidTarget,
  }
}

declare module 'oidc-provider/lib/helpers/interaction_policy/index.js' {
  import type { Context } from 'oidc-provider/lib/provider.js'

  export class Check {
    constructor(reason: string, description: string, error: string, check: (ctx: Context) => boolean | Promise<boolean>)
    description?: string
  }
  interface PolicyPrompt {
    readonly checks: { remove(reason: string): void; get(reason: string): Check | undefined; add(check: Check): void }
  }
  export function base(): { get(name: string): PolicyPrompt }
}
