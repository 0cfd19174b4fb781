import './theme.css';

/**
 * The host behind the timeline bundle outside VS Code: what `acquireVsCodeApi` gives a webview there, over a socket. The
 * bundle is the very same file.
 */
const waiting: string[] = [];
const socket = new WebSocket(`ws://${location.host}/timeline${location.search}`);
const place = `timeline ${new URLSearchParams(location.search).get('task') ?? ''}`;

socket.addEventListener('open', () => waiting.splice(0).forEach((message) => socket.send(message)));
socket.addEventListener('message', ({ data }) => {
  window.dispatchEvent(new MessageEvent('message', { data: JSON.parse(String(data)) }));
});

Object.assign(globalThis, {
  acquireVsCodeApi: () => ({
    postMessage: (message: unknown) => {
      const text = JSON.stringify(message);
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
      else waiting.push(text);
    },
    getState: (): unknown => JSON.parse(sessionStorage.getItem(place) ?? 'null') ?? undefined,
    setState: (state: unknown) => sessionStorage.setItem(place, JSON.stringify(state)),
  }),
});
