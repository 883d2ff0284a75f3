/** Where things lie in this checkout. Runs under any Node from 20 on and needs no package. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that holds package.json. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * The Node 26 that the `node` package brings.
 * @param {string} [base] a checkout other than this one
 */
export const bundledNode = (base = root) => join(base, 'node_modules', 'node', 'bin', 'node')
