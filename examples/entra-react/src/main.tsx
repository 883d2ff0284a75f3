import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import { openAuth } from './auth.ts'
import './style.css'

const root = createRoot(document.getElementById('root') as HTMLElement)
const auth = await openAuth()
root.render(
  <StrictMode>
    <App auth={auth} />
  </StrictMode>,
)
