/**
 * Text that agents have written, for a person's terminal: a control character in it is shown and not obeyed. Lines and
 * tabs stay.
 */
export function withoutControls(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(
    // eslint-disable-next-line no-control-regex -- control characters are what this is about
    /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/gu,
    (sign) => `\\x${(sign.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
}
