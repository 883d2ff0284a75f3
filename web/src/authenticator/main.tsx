import { createRoot } from 'react-dom/client'
import '../../styles/pages.css'
import { readPageData } from '../data.ts'
import { chosenLanguage, preferLanguage } from '../language.ts'
import { loadCatalogue } from '../texts.tsx'
import { AuthenticatorPage } from './AuthenticatorPage.tsx'

const data = readPageData()
const language = chosenLanguage(data.language)
const root = document.getElementById('root')
if (root === null) throw new Error('the page has no root')
const catalogue = await loadCatalogue(language)
preferLanguage(language)
createRoot(root).render(<AuthenticatorPage data={data} first={{ language, catalogue }} />)
