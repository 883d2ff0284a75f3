import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Two pages: the application, and the one a sign-in window comes back to. */
export default defineConfig({
  root: here('.'),
  cacheDir: here('../../node_modules/.vite/entra-react'),
  oxc: { jsx: { runtime: 'automatic', importSource: 'react' } },
  server: { port: 5173, strictPort: true },
  build: {
    outDir: here('../../dist/entra-react'),
    emptyOutDir: true,
    rollupOptions: { input: [here('index.html'), here('callback.html')] },
  },
})
