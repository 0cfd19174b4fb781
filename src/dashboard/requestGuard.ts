import { createHash, timingSafeEqual } from 'node:crypto';

import { urlHost } from '../core/domain/loopback.ts';

/** What the guard looks at, as it came in. */
export interface RequestFacts {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`: what the browser says of who asks. */
  readonly fetchSite: string | undefined;
  readonly isUpgrade: boolean;
}

/** What this server is. */
export interface GuardedServer {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  /** Everything that can be asked for, without an upgrade and with one. */
  readonly paths: ReadonlySet<string>;
  readonly sockets: ReadonlySet<string>;
}

export type Refusal = 'wrong_method' | 'wrong_host' | 'wrong_origin' | 'wrong_token' | 'no_such_path';

export type Verdict =
  | { readonly isAllowed: true; readonly path: string; readonly query: URLSearchParams }
  | { readonly isAllowed: false; readonly refusal: Refusal; readonly status: 403 | 404 | 405 };

/**
 * Who may ask what. A page of another origin is told apart by its `Origin` and by what the browser says of it, a name
 * that was bound to this address anew by its `Host`, and everybody else by the token, which only the person's own
 * terminal was shown. Whatever is not on the list does not exist: no path is ever looked up in a folder.
 */
export function guardRequest(facts: RequestFacts, server: GuardedServer): Verdict {
  const hosts = ownHosts(server);
  if (facts.method !== 'GET') return refused('wrong_method', 405);
  if (!hosts.includes((facts.host ?? '').toLowerCase())) return refused('wrong_host', 403);
  if (!isOwnOrigin(facts, hosts)) return refused('wrong_origin', 403);
  const [path = '', search = ''] = split(facts.url ?? '');
  const query = new URLSearchParams(search);
  const tokens = query.getAll('token');
  if (tokens.length !== 1 || !isSame(tokens[0] ?? '', server.token)) return refused('wrong_token', 403);
  const known = facts.isUpgrade ? server.sockets : server.paths;
  if (!known.has(path)) return refused('no_such_path', 404);
  return { isAllowed: true, path, query };
}

/** `host:port` as a browser sends it for this server: by its address, and by the name of this machine. */
function ownHosts({ host, port }: GuardedServer): readonly string[] {
  const names = new Set([urlHost(host).toLowerCase(), 'localhost']);
  return [...names].flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
}

/** A navigation has no origin; an upgrade always has one, and nobody else's is good enough. */
function isOwnOrigin({ origin, host, fetchSite, isUpgrade }: RequestFacts, hosts: readonly string[]): boolean {
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') return false;
  if (origin === undefined) return !isUpgrade;
  const isOurs = hosts.some((name) => origin === `http://${name}`);
  return isOurs && origin === `http://${(host ?? '').toLowerCase()}`;
}

function split(url: string): readonly [string, string] {
  const at = url.indexOf('?');
  return at === -1 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

/** Of equal length and without a hint of where they differ. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

function refused(refusal: Refusal, status: 403 | 404 | 405): Verdict {
  return { isAllowed: false, refusal, status };
}
