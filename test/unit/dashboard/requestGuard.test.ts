import assert from 'node:assert/strict';

import { guardRequest, type GuardedServer, type RequestFacts } from '../../../src/dashboard/requestGuard.ts';

const server: GuardedServer = {
  host: '127.0.0.1',
  port: 8797,
  token: 'the-token',
  paths: new Set(['/', '/dashboard.js']),
  sockets: new Set(['/panel']),
};

const page: RequestFacts = {
  method: 'GET',
  url: '/?token=the-token',
  host: '127.0.0.1:8797',
  origin: undefined,
  fetchSite: 'none',
  isUpgrade: false,
};

const socket: RequestFacts = {
  ...page,
  url: '/panel?token=the-token',
  origin: 'http://127.0.0.1:8797',
  fetchSite: 'same-origin',
  isUpgrade: true,
};

function answer(facts: RequestFacts, of: GuardedServer = server): string {
  const verdict = guardRequest(facts, of);
  return verdict.isAllowed ? verdict.path : `${verdict.status} ${verdict.refusal}`;
}

describe('the guard of the dashboard', () => {
  it('lets the page, its bundle and its sockets through, by address and by name', () => {
    assert.equal(answer(page), '/');
    assert.equal(answer({ ...page, url: '/dashboard.js?token=the-token', fetchSite: 'same-origin' }), '/dashboard.js');
    assert.equal(answer(socket), '/panel');
    assert.equal(answer({ ...socket, host: 'localhost:8797', origin: 'http://localhost:8797' }), '/panel');
    const six = { ...server, host: '::1' };
    assert.equal(answer({ ...socket, host: '[::1]:8797', origin: 'http://[::1]:8797' }, six), '/panel');
  });

  it('lets through what no browser sent, as long as it has the token', () => {
    assert.equal(answer({ ...page, fetchSite: undefined }), '/');
  });

  for (const [what, change, refusal] of [
    ['another method', { method: 'POST' }, '405 wrong_method'],
    ['a name that was bound to this address anew', { host: 'evil.example:8797' }, '403 wrong_host'],
    ['a name without the port', { host: '127.0.0.1' }, '403 wrong_host'],
    ['another port', { host: '127.0.0.1:8798' }, '403 wrong_host'],
    ['no name at all', { host: undefined }, '403 wrong_host'],
    ['a page of another origin', { origin: 'http://evil.example', fetchSite: undefined }, '403 wrong_origin'],
    ['a page without an origin', { origin: 'null', fetchSite: undefined }, '403 wrong_origin'],
    ['a page of another port of this machine', { origin: 'http://127.0.0.1:3000' }, '403 wrong_origin'],
    ['a frame or image in a foreign page', { fetchSite: 'cross-site' }, '403 wrong_origin'],
    ['a page of the same site but another port', { fetchSite: 'same-site' }, '403 wrong_origin'],
    ['our other name as origin', { origin: 'http://localhost:8797' }, '403 wrong_origin'],
    ['a missing token', { url: '/' }, '403 wrong_token'],
    ['an empty token', { url: '/?token=' }, '403 wrong_token'],
    ['another token', { url: '/?token=the-tokem' }, '403 wrong_token'],
    ['two tokens', { url: '/?token=the-token&token=other' }, '403 wrong_token'],
    ['a path outside the bundle', { url: '/../package.json?token=the-token' }, '404 no_such_path'],
    ['an encoded path outside the bundle', { url: '/%2e%2e/package.json?token=the-token' }, '404 no_such_path'],
    ['a known path with something behind', { url: '/dashboard.js/../../x?token=the-token' }, '404 no_such_path'],
    ['an absolute address', { url: 'http://127.0.0.1:8797/?token=the-token' }, '404 no_such_path'],
    ['a socket without an upgrade', { url: '/panel?token=the-token' }, '404 no_such_path'],
  ] as const) {
    it(`refuses ${what}`, () => assert.equal(answer({ ...page, ...change }), refusal));
  }

  for (const [what, change, refusal] of [
    ['without an origin', { origin: undefined }, '403 wrong_origin'],
    ['of another origin', { origin: 'https://evil.example' }, '403 wrong_origin'],
    ['of our name over https', { origin: 'https://127.0.0.1:8797' }, '403 wrong_origin'],
    ['without a token', { url: '/panel' }, '403 wrong_token'],
    ['of a page', { url: '/?token=the-token' }, '404 no_such_path'],
  ] as const) {
    it(`refuses an upgrade ${what}`, () => assert.equal(answer({ ...socket, ...change }), refusal));
  }
});
