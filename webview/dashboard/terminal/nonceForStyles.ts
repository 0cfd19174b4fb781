/**
 * xterm.js writes its sizes and colours into style elements that it makes itself. The page's policy runs only styles with
 * its nonce, so each gets it as it is made (https://github.com/xtermjs/xterm.js/issues/4445).
 */
export function giveStylesTheNonce(): void {
  const nonce = document.querySelector('script')?.nonce ?? '';
  const createElement = document.createElement.bind(document);
  document.createElement = (name: string, options?: ElementCreationOptions) => {
    const element = createElement(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  };
}
