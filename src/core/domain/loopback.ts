/** Whether only this machine can reach what listens at that address. Names other than `localhost` are looked up by others. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1' || host === '[::1]') return true;
  const parts = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host)?.slice(1) ?? [];
  return parts.length === 3 && parts.every((part) => Number(part) <= 255);
}

/** As it stands in a URL. */
export function urlHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** As a form would send it: a space is a plus. */
export function formEncoded(value: string): string {
  return new URLSearchParams({ value }).toString().slice('value='.length);
}
