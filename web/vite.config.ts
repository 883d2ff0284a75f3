import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

/** React, the base components that every page uses, and the words' machinery. */
const atOnce =
  /node_modules\/(?:react|react-dom|scheduler)\/|web\/src\/(?:base\/(?!PhoneInput|QrCode|CopyButton)|flow\/Resend|(?!main)[a-z-]+\.tsx?$|Said)/

/** Where the pages are served; scripts/build-pages.mjs and src/dialects/hosted/static.ts know it too. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/u/assets/',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'react' } },
  build: {
    outDir: '../dist/pages',
    emptyOutDir: true,
    assetsDir: '.',
    // One style sheet for all: a lazily loaded part must not shift what is there.
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: false,
    target: ['chrome115', 'firefox115', 'safari17'],
    rollupOptions: {
      input: {
        main: fileURLToPath(new URL('src/main.tsx', import.meta.url)),
        authenticator: fileURLToPath(new URL('src/authenticator/main.tsx', import.meta.url)),
        worker: fileURLToPath(new URL('src/authenticator/worker.ts', import.meta.url)),
      },
      output: {
        // What the login page needs at once is one file, however many lazily loaded parts share pieces of it.
        codeSplitting: { groups: [{ name: 'base', test: atOnce }] },
      },
    },
  },
})
