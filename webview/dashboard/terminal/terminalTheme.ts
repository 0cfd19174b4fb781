import type { ITheme } from '@xterm/xterm';

/** The terminal in the colours of the page; the sixteen of a light page must be readable on white. */
export function terminalTheme(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--vscode-${name}`).trim();
  const isLight = matchMedia('(prefers-color-scheme: light)').matches;
  return {
    background: of('editor-background'),
    foreground: of('foreground'),
    cursor: of('foreground'),
    cursorAccent: of('editor-background'),
    selectionBackground: isLight ? '#add6ff' : '#264f78',
    ...(isLight ? lightColours : darkColours),
  };
}

const darkColours: ITheme = {
  black: '#000000',
  red: '#f1604f',
  green: '#0dbc79',
  yellow: '#e5e510',
  blue: '#3b8eea',
  magenta: '#d670d6',
  cyan: '#29b8db',
  white: '#e5e5e5',
  brightBlack: '#8a8a8a',
};

const lightColours: ITheme = {
  black: '#000000',
  red: '#b32626',
  green: '#0a6e3c',
  yellow: '#7a5c00',
  blue: '#0451a5',
  magenta: '#a1069f',
  cyan: '#04647d',
  white: '#555555',
  brightBlack: '#666666',
  brightRed: '#b32626',
  brightGreen: '#0a6e3c',
  brightYellow: '#7a5c00',
  brightBlue: '#0451a5',
  brightMagenta: '#a1069f',
  brightCyan: '#04647d',
  brightWhite: '#3b3b3b',
};
