/** What a page may load: its own bundle by nonce, its own styles, and a socket to this very server. */
interface PageParts {
  readonly token: string;
  readonly nonce: string;
  /** `127.0.0.1:8797`, as the browser has asked for it. */
  readonly authority: string;
}

/** The page of the dashboard. Nothing of the ledger is in it: what the page shows comes through its socket. */
export function dashboardPage({ token, nonce }: PageParts): string {
  return page({
    title: 'Conveyor dashboard',
    styles: ['dashboard.css'],
    scripts: ['dashboard.js'],
    body: '<conveyor-dashboard></conveyor-dashboard>',
    token,
    nonce,
  });
}

/** The frame with the timeline bundle that VS Code's panel shows. */
export function timelinePage({ token, nonce, task }: PageParts & { readonly task: string }): string {
  const memory = escapeHtml(JSON.stringify({ folder: '', task }));
  return page({
    title: `${task} · Timeline`,
    styles: ['timelineFrame.css', 'timeline.css'],
    scripts: ['timelineFrame.js', 'timeline.js'],
    body: `<conveyor-timeline data-memory="${memory}"></conveyor-timeline>`,
    token,
    nonce,
  });
}

/** Headers of everything that is served; `nonce` for pages. */
export function headersFor({ authority, nonce }: Pick<PageParts, 'authority' | 'nonce'>, isFrame: boolean) {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    // xterm.js makes style elements; they get the nonce (webview/dashboard/terminal/stylesUnderPolicy.ts).
    `style-src 'self' 'nonce-${nonce}'`,
    'img-src data:',
    `connect-src 'self' ws://${authority}`,
    `frame-src ${isFrame ? "'none'" : "'self'"}`,
    `frame-ancestors ${isFrame ? "'self'" : "'none'"}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return { ...commonHeaders, 'content-security-policy': policy, 'content-type': 'text/html; charset=utf-8' };
}

export const commonHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // The token stands in the address: it is told to nobody.
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

interface Page {
  readonly title: string;
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
  readonly body: string;
  readonly token: string;
  readonly nonce: string;
}

function page({ title, styles, scripts, body, token, nonce }: Page): string {
  const of = (name: string) => `${name}?token=${encodeURIComponent(token)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
${styles.map((name) => `<link rel="stylesheet" href="${of(name)}">`).join('\n')}
</head>
<body>
${body}
${scripts.map((name) => `<script nonce="${nonce}" src="${of(name)}"></script>`).join('\n')}
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
