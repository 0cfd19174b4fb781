/**
 * Secrets of fifteen kinds, none of which opens anything. Put together at run time, so that nobody who looks for secrets
 * in this repository finds one.
 */
export const secretKinds = {
  'GitHub token': (n: number) => `ghp_${letters(n, 36)}`,
  'GitHub fine-grained token': (n: number) => `github_pat_${letters(n, 22)}_${letters(n + 7, 59)}`,
  'AWS access key': (n: number) => `AKIA${letters(n, 16).toUpperCase()}`,
  'AWS secret key': (n: number) => `aws_secret_access_key = ${letters(n, 38)}/9`,
  'Slack token': (n: number) => `xoxb-${digits(n, 12)}-${letters(n, 24)}`,
  'npm token': (n: number) => `npm_${letters(n, 36)}`,
  'Google API key': (n: number) => `AIza${letters(n, 35)}`,
  'Stripe key': (n: number) => `sk_live_${letters(n, 24)}`,
  'OpenAI key': (n: number) => `sk-proj-${letters(n, 48)}`,
  'JSON web token': (n: number) => ['{"alg":"HS256"}', `{"sub":"${n}"}`, letters(n, 32)].map(base64url).join('.'),
  'bearer token': (n: number) => `Authorization: Bearer ${letters(n, 30)}7`,
  'private key': (n: number) =>
    [
      '-----BEGIN OPENSSH PRIVATE KEY-----',
      letters(n, 70),
      letters(n + 3, 70),
      '-----END OPENSSH PRIVATE KEY-----',
    ].join('\n'),
  cookie: (n: number) => `Set-Cookie: session=${letters(n, 20)}; Path=/; HttpOnly`,
  'address with a password': (n: number) => `postgres://admin:${letters(n, 14)}@db.example.com:5432/app`,
  'password in a file': (n: number) => `DB_PASSWORD=${letters(n, 14)}`,
} as const satisfies Readonly<Record<string, (n: number) => string>>;

/** The part of a secret that must not be seen: what a search for a leak looks for. Each line of a key counts. */
export function heartsOf(secret: string): readonly string[] {
  return secret.match(/[A-Za-z0-9]{14,}/g) ?? [];
}

const alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** Always the same for the same number, and for no other. */
function letters(seed: number, length: number): string {
  let state = (seed + 1) * 2_654_435_761;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return alphabet[(state >>> 8) % alphabet.length];
  }).join('');
}

function digits(seed: number, length: number): string {
  return String((seed + 1) * 7_919_131_719)
    .padStart(length, '8')
    .slice(0, length);
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
