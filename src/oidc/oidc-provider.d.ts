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
    readonly res: ServerResponse
    readonly oidc: {
      readonly route: string
      readonly params: Readonly<Record<string, string | undefined>>
      readonly client: Client
      readonly session: { readonly accountId?: string; grantIdFor(client: string): string | undefined }
      readonly result?: { readonly consent?: { readonly grantId?: string } }
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

  export { OAuthError as InvalidGrant, OAuthError as InvalidRequestUri, OAuthError as InvalidTarget }
}

declare module 'oidc-provider/lib/helpers/interaction_policy/index.js' {
  interface PolicyPrompt {
    readonly checks: { remove(reason: string): void; get(reason: string): { description?: string } | undefined }
  }
  export function base(): { get(name: string): PolicyPrompt }
}
