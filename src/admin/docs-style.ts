/** Style of the docs page. No script, no font and no image from anywhere: the page is whole in itself. */
export const docsStyle = `
:root{color-scheme:light dark;--bg:light-dark(#fff,#14161a);--fg:light-dark(#1b1f24,#e6e8eb);--soft:light-dark(#57606a,#9aa4af);
--line:light-dark(#d8dee4,#2c3138);--card:light-dark(#f6f8fa,#1b1e23);--link:light-dark(#0a58ca,#7ab7ff);
--get:light-dark(#0b6e4f,#4cc38a);--post:light-dark(#0a58ca,#7ab7ff);--patch:light-dark(#8a5a00,#e0b252);--delete:light-dark(#b3261e,#ff8f85)}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.55 system-ui,sans-serif}
a{color:var(--link);text-decoration:none}
a:hover,a:focus-visible{text-decoration:underline}
code,pre{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.page{display:grid;grid-template-columns:17rem minmax(0,1fr);max-width:80rem;margin:0 auto}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.5rem 1rem 3rem;border-right:1px solid var(--line);font-size:.875rem}
nav h2{margin:1.25rem 0 .25rem;font-size:.75rem;letter-spacing:.06em;text-transform:uppercase;color:var(--soft)}
nav ul{list-style:none;margin:0;padding:0}
nav a{display:block;padding:.2rem .5rem;border-radius:.375rem;color:inherit}
nav a:hover{background:var(--card);text-decoration:none}
main{padding:2rem 2rem 6rem;min-width:0}
h1{margin:0 0 .5rem;font-size:1.75rem;line-height:1.2}
main>section>h2{margin:3rem 0 1rem;padding-bottom:.4rem;border-bottom:1px solid var(--line);font-size:1.35rem}
article{margin:0 0 1.25rem;padding:1.1rem 1.25rem 1.25rem;border:1px solid var(--line);border-radius:.6rem;background:var(--card)}
article:target{outline:2px solid var(--link)}
article h3{margin:0;font-size:1.05rem}
article p{margin:.5rem 0 0}
.call{display:flex;gap:.6rem;align-items:baseline;flex-wrap:wrap;margin:.35rem 0 0}
.call code{overflow-wrap:anywhere}
.method{font:600 .75rem/1 ui-monospace,monospace;padding:.3rem .45rem;border:1px solid currentColor;border-radius:.3rem}
.get{color:var(--get)}.post{color:var(--post)}.patch,.put{color:var(--patch)}.delete{color:var(--delete)}
.note{color:var(--soft);font-size:.875rem}
h4{margin:1rem 0 .35rem;font-size:.8125rem;color:var(--soft);font-weight:600}
table{width:100%;border-collapse:collapse;font-size:.875rem}
td{padding:.35rem .75rem .35rem 0;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
td:first-child{width:17rem}
td:nth-child(2){width:12rem;color:var(--soft)}
.must{color:var(--delete);font-size:.75rem}
pre{margin:.5rem 0 0;padding:.75rem 1rem;overflow:auto;border:1px solid var(--line);border-radius:.4rem;background:var(--bg)}
summary{cursor:pointer;margin-top:.75rem;font-size:.875rem}
@media(max-width:52rem){.page{grid-template-columns:minmax(0,1fr)}nav{position:static;height:auto;border-right:0;border-bottom:1px solid var(--line)}
main{padding:1.25rem 1rem 4rem}td:first-child,td:nth-child(2){width:auto}}
`
