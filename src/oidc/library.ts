/**
 * The one door to `oidc-provider`. Its index file is passed by: it prints a line on stderr for every Node release that
 * is not (yet) a long-term one, where only JSON lines may go (operating.md §1). The package names no `exports`, and its
 * version is pinned, so these paths hold; the tests of the front channel say when they do not.
 */
export * as errors from 'oidc-provider/lib/helpers/errors.js'
export * as interactionPolicy from 'oidc-provider/lib/helpers/interaction_policy/index.js'
export { Provider } from 'oidc-provider/lib/provider.js'
