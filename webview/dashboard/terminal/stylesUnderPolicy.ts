/**
 * xterm.js writes its measures into style elements that it makes itself, and true colours into style attributes. The
 * page's policy allows neither: style elements get its nonce as they are made, attributes are set as properties, which no
 * policy minds (https://github.com/xtermjs/xterm.js/issues/4445).
 */
export function bringStylesUnderPolicy(): void {
  const nonce = document.querySelector('script')?.nonce ?? '';
  const createElement = document.createElement.bind(document);
  document.createElement = (name: string, options?: ElementCreationOptions) => {
    const element = createElement(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  };
  HTMLSpanElement.prototype.setAttribute = function setAttribute(name: string, value: string) {
    if (name === 'style') this.style.cssText = value;
    else Element.prototype.setAttribute.call(this, name, value);
  };
}
