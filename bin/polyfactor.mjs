#!/usr/bin/env node
/** `polyfactor …`: the command line, whatever Node starts it. It outlives its parent, as a service must; see start.mjs. */
import { ensureInstalled } from '../scripts/lib/install.mjs'
import { runPolyfactor } from '../scripts/lib/supervise.mjs'

process.exitCode = ensureInstalled({ dev: false }) ? await runPolyfactor(process.argv.slice(2)) : 1
