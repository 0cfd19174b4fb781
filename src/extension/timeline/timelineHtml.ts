import type { TimelineMemory } from '../../protocol/timelineView.ts';

export interface TimelineHtmlParts {
  /** `webview.cspSource`. */
  readonly source: string;
  readonly script: string;
  readonly style: string;
  readonly nonce: string;
  readonly title: string;
  /** Which task this page is about: the page keeps it, so that a reload brings it back. */
  readonly memory: TimelineMemory;
}

/** The page around the timeline bundle: nothing but our own script and style may load or run. */
export function timelineHtml({ source, script, style, nonce, title, memory }: TimelineHtmlParts): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${escapeHtml(style)}">
</head>
<body>
<conveyor-timeline data-memory="${escapeHtml(JSON.stringify(memory))}"></conveyor-timeline>
<script nonce="${nonce}" type="module" src="${escapeHtml(script)}"></script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
